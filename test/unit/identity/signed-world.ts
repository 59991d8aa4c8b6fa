import { decodeJwt, type JWTPayload, SignJWT } from 'jose'
import { expect } from 'vitest'
import type { IssuerConfig } from '../../../edge/identity/issuer.ts'
import { createVerifyToken } from '../../../edge/identity/verify.ts'
import { openSigningKeys, type SigningKey } from '../../../local/issuer/keys.ts'
import { createMint } from '../../../local/issuer/mint.ts'
import { type ErrorCode, TwohopError } from '../../../shared/errors.ts'

export const PROJECT = 'my-project'
export const SUPABASE = 'https://abc.supabase.co'
export const FIREBASE_KEYS = 'https://keys.example/firebase'
export const SUPABASE_KEYS = `${SUPABASE}/auth/v1/.well-known/jwks.json`
export const LEGACY_SECRET = 'a-legacy-secret-of-forty-characters-long'
export const USER_ID = '0b0e5a4c-8a3f-4a63-9a5c-1d2f3a4b5c6d'
export const SECOND = 1000
export const MINUTE = 60 * SECOND

/** RSA keys take long to make, so a test file makes its keys once. */
export const keys = await openSigningKeys(undefined)
export const otherKeys = await openSigningKeys(undefined)

/** A clock set by hand, and an answering network that counts and can be told to fail. */
export function signedWorld(configs: IssuerConfig[] = bothIssuers()) {
  const clock = { ms: Date.UTC(2026, 0, 2, 3, 4, 5) }
  const now = () => clock.ms
  const published = new Map<string, SigningKey[]>([
    [FIREBASE_KEYS, [keys.firebase]],
    [SUPABASE_KEYS, [keys.supabase]],
  ])
  const fetched: string[] = []
  const network = { answer: (url: string): Promise<Response> => Promise.resolve(keySet(published.get(url))) }
  const fetch: typeof globalThis.fetch = (input) => {
    fetched.push(String(input))
    return network.answer(String(input))
  }
  const mint = createMint({ keys, projectId: PROJECT, supabaseUrl: SUPABASE, ttlSeconds: 3600, now })
  return {
    clock,
    now,
    published,
    fetched,
    network,
    fetch,
    mint,
    verify: createVerifyToken(configs, { fetch, now }),
  }
}

export function bothIssuers(jwtSecret?: string): IssuerConfig[] {
  return [
    { kind: 'firebase', projectId: PROJECT, jwksUrl: FIREBASE_KEYS },
    { kind: 'supabase', url: SUPABASE, jwtSecret },
  ]
}

export function keySet(signing: SigningKey[] = [], headers: Record<string, string> = {}): Response {
  return Response.json({ keys: signing.map(({ publicJwk }) => publicJwk) }, { headers })
}

type Changes = {
  claims?: Record<string, unknown>
  header?: Record<string, unknown>
  key?: Parameters<SignJWT['sign']>[0]
}

/** Signs the claims of `token` again, changed. A claim or header set to undefined is left out. */
export function resign(token: string, { privateKey, alg, kid }: SigningKey, changes: Changes = {}) {
  const claims = { ...decodeJwt(token), ...changes.claims } as JWTPayload
  return new SignJWT(claims)
    .setProtectedHeader({ alg, kid, typ: 'JWT', ...changes.header })
    .sign(changes.key ?? privateKey)
}

/** Expects a TwohopError with this code whose message holds no part of the token. */
export async function expectRefused(
  attempt: Promise<unknown>,
  code: ErrorCode,
  token = '\0',
): Promise<TwohopError> {
  const error = await attempt.then(
    (principal) => expect.fail(`accepted: ${JSON.stringify(principal)}`),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(TwohopError)
  const refusal = error as TwohopError
  expect(refusal.code, refusal.message).toBe(code)
  for (const part of [token, ...token.split('.')].filter((part) => part.length > 8)) {
    expect(refusal.message).not.toContain(part)
  }
  return refusal
}
