import { importJWK, type JWK, SignJWT } from 'jose'
import { JOB_TOKEN, type JobClaims } from '../../shared/jobs/token.ts'

/** Signs the edge's word for a job; issuer, audience and times of the token are the protocol's. */
export type SignJob = (claims: Omit<JobClaims, 'iss' | 'aud' | 'iat' | 'exp'>) => Promise<string>

/**
 * The signer of job tokens (Ed25519, RFC 8037).
 * @param privateKey the private JWK of service tokens, which createServiceTokenSigner checks
 * @param now milliseconds since the epoch
 */
export function createJobSigner(privateKey: JWK, now: () => number): SignJob {
  const { kid = '' } = privateKey
  const key = importJWK(privateKey, JOB_TOKEN.algorithm)
  return async function signJob(claims) {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: JOB_TOKEN.algorithm, kid, typ: 'JWT' })
      .setIssuer(JOB_TOKEN.issuer)
      .setAudience(JOB_TOKEN.audience)
      .setIssuedAt(Math.floor(now() / 1000))
      .setExpirationTime(Math.ceil(claims.deadline / 1000))
      .sign(await key)
  }
}
