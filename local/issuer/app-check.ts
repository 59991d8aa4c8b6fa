import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as z from 'zod'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import { secondOf } from '../../shared/seconds.ts'
import type { SigningKey } from './jwks.ts'
import { sign } from './mint.ts'

/** The project's number, as App Check names a project. */
export const LOCAL_PROJECT_NUMBER = '100000000001'
const ISSUER = 'https://firebaseappcheck.googleapis.com'
/** Used-up tokens that are remembered; none lives longer than an hour here. */
const MOST = 10_000

type Options = {
  key: SigningKey
  projectId: string
  /** Milliseconds since the epoch. */
  now: () => number
  /** Whether a bearer of this access token may use tokens up; by default everybody. */
  mayAsk?: (accessToken: string) => boolean
}

/** Signs a token as App Check does for a genuine app. @param more claims to put in place of those */
export function createAppCheckMint({ key, projectId, now }: Options, ttlSeconds = 3600) {
  return function mintAppCheck(more: Record<string, unknown> = {}): Promise<string> {
    const iat = secondOf(now())
    return sign(key, {
      sub: `1:${LOCAL_PROJECT_NUMBER}:web:0123456789abcdef`,
      aud: [`projects/${LOCAL_PROJECT_NUMBER}`, `projects/${projectId}`],
      provider: 'recaptcha_enterprise',
      iss: `${ISSUER}/${LOCAL_PROJECT_NUMBER}`,
      exp: iat + ttlSeconds,
      iat,
      jti: randomUUID(),
      ...more,
    })
  }
}

const Asked = z.object({ app_check_token: z.string() })

/** The two calls of App Check that a backend makes: its public keys, and to use a token up. */
export function appCheckCalls({ key, projectId, now, mayAsk = () => true }: Options): Hono {
  const keys = { keys: [{ ...key.publicJwk, use: 'sig' }] }
  const keyOf = createLocalJWKSet(keys)
  const used = createExpiringMap<string, true>({ capacity: MOST, now })
  return new Hono()
    .get('/v1/jwks', (c) => c.json(keys, 200, { 'cache-control': 'public, max-age=21600' }))
    .post('/v1beta/projects/:call', async (c) => {
      const names = [projectId, LOCAL_PROJECT_NUMBER].map((name) => `${name}:verifyAppCheckToken`)
      if (!names.includes(c.req.param('call'))) return c.json({ error: { status: 'NOT_FOUND' } }, 404)
      const [, accessToken = ''] = (c.req.header('authorization') ?? '').split('Bearer ')
      if (accessToken === '' || !mayAsk(accessToken))
        return c.json({ error: { status: 'UNAUTHENTICATED' } }, 401)
      const { data } = Asked.safeParse(await c.req.json())
      const token = data?.app_check_token ?? ''
      try {
        await jwtVerify(token, keyOf, { algorithms: ['RS256'], currentDate: new Date(now()) })
      } catch {
        return c.json({ error: { status: 'INVALID_ARGUMENT' } }, 400)
      }
      const { jti = token, exp = 0 } = decodeJwt(token)
      const alreadyConsumed = used.get(jti) === true
      used.set(jti, true, exp * 1000)
      return c.json(alreadyConsumed ? { alreadyConsumed } : {})
    })
}
