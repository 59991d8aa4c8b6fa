import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose'

/** A user as Identity Toolkit keeps one. */
export type GoogleUser = { localId: string; customAttributes?: string; validSince?: string }
/** A user as GoTrue keeps one. */
export type GoTrueUser = { id: string; app_metadata: Record<string, unknown>; ban_duration?: string }

async function listen(app: Hono) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, () => resolve()) as Server
  await promise
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/**
 * Google's token endpoint and the two calls of Identity Toolkit, as their documents describe them: the assertion is
 * verified as RFC 7523 wants it, a call needs an access token that was given and has not ended.
 */
export async function startGoogle(now: () => number) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const users = new Map<string, GoogleUser>()
  const given = new Map<string, number>()
  const seen = { tokens: 0, broken: false }
  let self = ''
  const app = new Hono()
  app.post('/token', async (c) => {
    const form = await c.req.parseBody()
    if (form.grant_type !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      return c.json({ error: 'grant' }, 400)
    const { payload, protectedHeader } = await jwtVerify(String(form.assertion), publicKey, {
      issuer: 'twohop@my-project.iam.gserviceaccount.com',
      audience: `${self}/token`,
      algorithms: ['RS256'],
      currentDate: new Date(now()),
    })
    const { scope, iat = 0, exp = 0 } = payload
    if (
      scope !== 'https://www.googleapis.com/auth/identitytoolkit' ||
      exp - iat > 3600 ||
      protectedHeader.kid !== 'k1'
    )
      return c.json({ error: 'invalid_grant' }, 400)
    const token = `ya29.${seen.tokens++}`
    given.set(token, now() + 3_600_000)
    return c.json({ access_token: token, expires_in: 3600, token_type: 'Bearer' })
  })
  app.use('/v1/*', async (c, next) => {
    if (seen.broken) return c.json({ error: { message: 'INTERNAL' } }, 500)
    const until = given.get(c.req.header('authorization')?.replace('Bearer ', '') ?? '')
    if (until === undefined || until <= now()) return c.json({ error: { message: 'UNAUTHENTICATED' } }, 401)
    return next()
  })
  app.post('/v1/projects/my-project/accounts:lookup', async (c) => {
    const { localId } = (await c.req.json()) as { localId: string[] }
    const found = localId.flatMap((id) => users.get(id) ?? [])
    return c.json(found.length > 0 ? { users: found } : { kind: 'identitytoolkit#GetAccountInfoResponse' })
  })
  app.post('/v1/projects/my-project/accounts:update', async (c) => {
    const { localId, ...change } = (await c.req.json()) as GoogleUser
    const user = users.get(localId)
    if (!user) return c.json({ error: { message: 'USER_NOT_FOUND' } }, 400)
    users.set(localId, { ...user, ...change })
    return c.json({ localId })
  })
  const { url, close } = await listen(app)
  self = url
  const account = {
    project_id: 'my-project',
    private_key_id: 'k1',
    private_key: await exportPKCS8(privateKey),
    client_email: 'twohop@my-project.iam.gserviceaccount.com',
    token_uri: `${url}/token`,
  }
  return { url, close, users, seen, account }
}

/** GoTrue's `PUT /auth/v1/admin/users/:id`: merges `app_metadata` by key, null removes one. */
export async function startGoTrue(serviceKey: string) {
  const users = new Map<string, GoTrueUser>()
  const app = new Hono()
  app.put('/auth/v1/admin/users/:id', async (c) => {
    if (c.req.header('apikey') !== serviceKey || c.req.header('authorization') !== `Bearer ${serviceKey}`)
      return c.json({ code: 401, error_code: 'no_authorization', msg: serviceKey }, 401)
    const user = users.get(c.req.param('id'))
    if (!user) return c.json({ code: 404, error_code: 'user_not_found' }, 404)
    const { app_metadata = {}, ban_duration } = (await c.req.json()) as Partial<GoTrueUser>
    for (const [name, value] of Object.entries(app_metadata)) {
      if (value === null) delete user.app_metadata[name]
      else user.app_metadata[name] = value
    }
    if (ban_duration === 'none') delete user.ban_duration
    else if (ban_duration !== undefined) user.ban_duration = ban_duration
    return c.json(user)
  })
  return { ...(await listen(app)), users }
}
