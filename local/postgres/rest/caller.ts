import { createHash, timingSafeEqual } from 'node:crypto'
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { RestError } from './failure.ts'

/** The identity that a request acts with: a database role, and the claims that policies read. */
export type Caller = { role: 'anon' | 'authenticated' | 'service_role'; claims: Record<string, unknown> }

export type CallerOptions = {
  /** The project's opaque API keys: one that clients may show, and one that must stay on servers. */
  publishableKey: string
  secretKey: string
  /** `iss` of the users' tokens. */
  issuer: string
  /** The issuer's public keys. */
  keys: JWTVerifyGetKey
}

/** The algorithms that a project can sign its tokens with. */
const ALGORITHMS = ['ES256', 'RS256', 'EdDSA']

/**
 * Identifies the caller, as Supabase's gateway and PostgREST do together. `apikey` must be one of the project's keys. A
 * bearer token that differs from it must be a user's token, whose claims then decide.
 * @throws RestError 401 for no key or an invalid token
 */
export function createIdentify({ publishableKey, secretKey, issuer, keys }: CallerOptions) {
  return async function identify(headers: Headers): Promise<Caller> {
    const key = headers.get('apikey') ?? ''
    const byKey = isEqual(key, secretKey) ? 'service_role' : isEqual(key, publishableKey) ? 'anon' : undefined
    if (!byKey) throw new RestError(401, 'PGRST300', 'No API key found in request')

    const token = /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
    if (token === undefined || token === key) return { role: byKey, claims: { role: byKey } }
    const claims = await verified(token, keys, issuer)
    if (claims.role !== 'authenticated')
      throw new RestError(403, '42501', `permission denied to set role "${claims.role}"`)
    return { role: 'authenticated', claims }
  }
}

async function verified(token: string, keys: JWTVerifyGetKey, issuer: string) {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: 'authenticated',
      algorithms: ALGORITHMS,
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new RestError(401, 'PGRST303', 'JWT expired')
    throw new RestError(401, 'PGRST301', 'No suitable key or wrong key type')
  }
}

/** Compares hashes, so that the time taken tells nothing of the key. */
function isEqual(given: string, key: string): boolean {
  const sum = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(sum(given), sum(key))
}
