import { exportPKCS8, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { beforeEach, expect, it } from 'vitest'
import { withGoogleIdentity } from '../../../../edge/upstream/google-identity.ts'
import { sent } from '../../../fixtures/sent.ts'

const AUDIENCE = 'https://twohop-host-abc.a.run.app'
const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
const account = {
  ...{ project_id: 'my-project', private_key_id: 'k1', token_uri: 'https://oauth2.googleapis.com/token' },
  client_email: 'edge@my-project.iam.gserviceaccount.com',
  private_key: await exportPKCS8(privateKey),
}
const clock = { ms: 1_800_000_000_000 }
const now = () => clock.ms
const given: string[] = []
const called: Headers[] = []
let answer: () => Promise<Response>

/** As Google's token endpoint: it checks the assertion, and gives an identity token for an hour. */
const google: typeof fetch = async (_, init) => {
  const form = new URLSearchParams(String(init?.body))
  const { payload } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
    ...{ issuer: account.client_email, audience: account.token_uri, currentDate: new Date(now()) },
  })
  expect([payload.target_audience, payload.scope]).toEqual([AUDIENCE, undefined])
  return answer()
}
const host: typeof fetch = async (_, init) => {
  called.push(new Headers(init?.headers))
  return new Response('whole')
}
const call = () => withGoogleIdentity(host, { account, audience: AUDIENCE, fetch: google, now })

beforeEach(() => {
  given.length = called.length = 0
  answer = async () => {
    const token = await new SignJWT({ aud: AUDIENCE, n: given.length })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(clock.ms / 1000 + 3600)
      .sign(new Uint8Array(32))
    given.push(token)
    return Response.json({ id_token: token })
  }
})

it("sends Google's token beside the edge's own, one for an hour but its last minute", async () => {
  const fetch = call()
  const init = sent({ authorization: 'Bearer a.b.c' })
  for (let calls = 0; calls < 3; calls++) expect(await (await fetch(AUDIENCE, init)).text()).toBe('whole')
  expect(given).toHaveLength(1)
  expect(Object.fromEntries(called[2] ?? [])).toEqual({
    authorization: 'Bearer a.b.c',
    'x-serverless-authorization': `Bearer ${given[0]}`,
  })
  clock.ms += 3_540_000
  await fetch(AUDIENCE, init)
  expect(given).toHaveLength(2)
  expect(called[3]?.get('x-serverless-authorization')).toBe(`Bearer ${given[1]}`)
})

it.each<[string, () => Promise<Response>]>([
  ['refuses', async () => Response.json({ error: 'a-canary' }, { status: 400 })],
  ['says something else', async () => Response.json({ access_token: 'a-canary' })],
  ['says no JSON', async () => new Response('a-canary')],
  [
    'sends elsewhere',
    async () => new Response(null, { status: 302, headers: { location: 'https://a-canary.example' } }),
  ],
])('calls no host without one: where Google %s', async (_, bad) => {
  answer = bad
  const error = await call()(AUDIENCE, sent()).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Error)
  expect(String((error as Error).stack)).not.toMatch(/a-canary|PRIVATE KEY/)
  expect(called).toHaveLength(0)
})

it('is not in the way where the host asks for none', () => {
  expect(withGoogleIdentity(host, { account: undefined, audience: AUDIENCE, fetch: google, now })).toBe(host)
})
