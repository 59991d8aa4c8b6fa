import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DEMO_PASSWORD } from '../../local/issuer/demo-users.ts'
import { ROOT } from '../fixtures/pages.ts'
import { CHAT, call, refusedAs, stack } from '../fixtures/stack/client.ts'

const { firebase, supabase } = stack.issuers
const post = (url: string, body: object) =>
  fetch(url, {
    method: 'POST',
    headers: { apikey: 'any', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const typed = (name: string) => ({ email: `${name}@example.com`, password: DEMO_PASSWORD })

it('README.md says that whose e-mail address is not proved is refused', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8').replaceAll(/\s+/g, ' ')
  expect(readme).toContain('refused, and so are those whose e-mail address is not proved')
})

it('is refused by the edge with a token of Firebase, which lets such a user sign in', async () => {
  const path = 'identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=any'
  const signIn = async (name: string) =>
    (
      await post(`${new URL(firebase.url).origin}/${path}`, { ...typed(name), returnSecureToken: true })
    ).json()
  const { idToken } = await signIn('unverified')
  const body = { model: CHAT, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 1 }
  expect(await refusedAs(await call('/v1/chat/completions', { token: idToken, body }))).toBe(
    '403 email_unverified',
  )
  expect((await call('/v1/me', { token: (await signIn('free')).idToken })).status).toBe(200)
})

it('gets no token of Supabase, as in a project that confirms by mail', async () => {
  const signIn = (name: string) => post(`${supabase.url}/auth/v1/token?grant_type=password`, typed(name))
  const refused = await signIn('unverified')
  expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'email_not_confirmed' }])
  const { access_token } = await (await signIn('free')).json()
  expect((await call('/v1/me', { token: access_token })).status).toBe(200)
})
