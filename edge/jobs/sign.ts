import type { JWK } from 'jose'
import { JOB_TOKEN, type JobClaims } from '../../shared/jobs/token.ts'
import { secondAfter } from '../../shared/seconds.ts'
import { createSigner } from '../upstream/signer.ts'

/** Signs the token of a job. The protocol sets the token's issuer, audience and times. */
export type SignJob = (claims: Omit<JobClaims, 'iss' | 'aud' | 'iat' | 'exp'>) => Promise<string>

/**
 * The signer of job tokens.
 * @param privateKey the private JWK of service tokens
 * @param now milliseconds since the epoch
 * @throws TypeError as createSigner does
 */
export function createJobSigner(privateKey: JWK, now: () => number): SignJob {
  const sign = createSigner(privateKey, JOB_TOKEN, now)
  return (claims) => sign(claims, () => secondAfter(claims.deadline))
}
