import { errors, type JWTPayload, jwtVerify } from 'jose'
import { TwohopError } from '../../shared/errors.ts'
import type { Sha256 } from '../../shared/sha256.ts'
import { readClaims, TokenTimes } from './claims.ts'
import { assertTokenSize, decodeUnverified } from './compact-token.ts'
import { firebaseIssuer } from './firebase.ts'
import type { IssuerConfig, TrustedIssuer } from './issuer.ts'
import { createJwksCache, type FindKey, type JwksCacheOptions } from './jwks.ts'
import type { VerifyToken } from './principal.ts'
import { supabaseIssuer, supabaseJwksUrl } from './supabase.ts'
import { rememberVerified, type Verified } from './verified.ts'

/**
 * Makes the verifier for all configured issuers at once. The token's unverified `iss` picks the issuer, by exact match.
 * From there on only that issuer's algorithms, keys and rules count. Key sets are fetched when the first token needs
 * them.
 *
 * Between calls it remembers public keys (edge/identity/jwks.ts) and the latest verified tokens
 * (edge/identity/verified.ts).
 * @throws Error when two configurations name the same issuer
 */
export function createVerifyToken(
  configs: readonly IssuerConfig[],
  options: JwksCacheOptions & { sha256?: Sha256 | undefined },
): VerifyToken {
  const { now, log } = options
  const jwks = new Map<string, FindKey>()
  /** All Firebase projects share Google's keys, and so one download. */
  const jwksAt = (url: string): FindKey => {
    const found = jwks.get(url) ?? createJwksCache(url, options)
    jwks.set(url, found)
    return found
  }

  /** Tells once of each issuer and field that something that looks like the owner's word is not read as such. */
  const told = new Set<string>()
  async function tellNotRead({ iss, notRead }: TrustedIssuer, claims: JWTPayload): Promise<void> {
    const fields = notRead(claims).filter((field) => !told.has(`${field} ${iss}`))
    if (fields.length === 0) return
    for (const field of fields) told.add(`${field} ${iss}`)
    await log('warn', 'claims_not_read', { detail: { fields, see: 'docs/keys.md#what-you-say-of-a-user' } })
  }

  const issuers = new Map<unknown, TrustedIssuer>()
  for (const config of configs) {
    const issuer =
      config.kind === 'firebase'
        ? firebaseIssuer(config.projectId, jwksAt(config.jwksUrl), config.claims)
        : supabaseIssuer(config.url, jwksAt(supabaseJwksUrl(config.url)), config.jwtSecret, config.claims)
    if (issuers.has(issuer.iss)) throw new Error(`The issuer ${issuer.iss} is configured twice.`)
    issuers.set(issuer.iss, issuer)
  }

  async function verify(token: string): Promise<Verified> {
    const { alg, kid, iss } = decodeUnverified(token)
    const issuer = issuers.get(iss)
    if (issuer === undefined) {
      throw new TwohopError(
        'token_issuer_unknown',
        "The token's issuer (`iss`) is not one that is trusted here.",
      )
    }
    if (!issuer.algorithms.includes(alg)) {
      throw new TwohopError(
        'token_algorithm_refused',
        `The token's algorithm (\`alg\`) is not accepted for its issuer. Accepted: ${issuer.algorithms.join(', ')}.`,
      )
    }
    const key = await issuer.key({ alg, kid })
    const at = now()
    const claims = await verifySignature(token, key, issuer, at)
    readClaims(TokenTimes, claims)
    const principal = issuer.principal(claims, at / 1000)
    await tellNotRead(issuer, claims)
    return { principal, expiresAt: claims.exp * 1000 }
  }

  const verifyToken = rememberVerified(verify, now, options.sha256)
  return async (token) => {
    assertTokenSize(token)
    return verifyToken(token)
  }
}

async function verifySignature(
  token: string,
  key: Parameters<typeof jwtVerify>[1],
  issuer: TrustedIssuer,
  nowMs: number,
): Promise<JWTPayload & { exp: number }> {
  try {
    const { payload } = await jwtVerify<{ exp: number }>(token, key, {
      algorithms: [...issuer.algorithms],
      issuer: issuer.iss,
      audience: issuer.audience,
      requiredClaims: ['exp', 'iat', 'sub'],
      currentDate: new Date(nowMs),
    })
    return payload
  } catch (error) {
    throw refusal(error)
  }
}

/** Turns jose's error into one of our codes. One that is not the token's fault stays as it is: `internal`. */
function refusal(error: unknown): unknown {
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new TwohopError('token_signature_invalid', "The token's signature does not match its content.")
  }
  if (error instanceof errors.JWTExpired) {
    return new TwohopError('token_expired', 'The token has expired. Ask for a fresh one and try again.')
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const failed = error.reason === 'check_failed'
    if (failed && error.claim === 'aud') {
      return new TwohopError(
        'token_audience_wrong',
        "The token is meant for another audience (`aud`) than its issuer's project here.",
      )
    }
    if (failed && error.claim === 'nbf') {
      return new TwohopError('token_not_yet_valid', 'The token is not valid yet (`nbf`).')
    }
    return new TwohopError(
      'token_claims_invalid',
      `The token's claim \`${error.claim}\` is missing or not acceptable.`,
    )
  }
  if (error instanceof errors.JOSEError) {
    return new TwohopError(
      'token_malformed',
      'The bearer token is not a JSON Web Token that can be read here.',
    )
  }
  return error
}
