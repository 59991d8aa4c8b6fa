import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { type Authenticate, createAuthenticate } from '../../../../inference-host/admission/authenticate.ts'
import { importPublicKeys } from '../../../../inference-host/admission/jwks.ts'

const NOW = 1_800_000_000
const ROUTE = 'POST /v1/chat/completions'
const CLAIMS = {
  iss: 'twohop-edge',
  aud: 'twohop-host',
  iat: NOW,
  exp: NOW + 60,
  jti: 'request-1',
  sub: 'account-1',
  route: ROUTE,
  model: 'model-1',
  scope: 'chat',
  reserved: { prompt_tokens: 10, output_tokens: 10 },
  body_sha256: 'x'.repeat(43),
  deadline: NOW * 1000 + 30_000,
  weight: 2,
}

let authenticate: Authenticate
let sign: (claims: object, kid?: string, alg?: string) => Promise<string>
let signAsStranger: typeof sign

async function signerOf(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
  return {
    jwk: { ...(await exportJWK(publicKey)), kid },
    sign: (claims: object, header = kid, alg = 'EdDSA') =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg, kid: header }).sign(privateKey),
  }
}

beforeAll(async () => {
  const [old, current, stranger] = [
    await signerOf('old'),
    await signerOf('current'),
    await signerOf('current'),
  ]
  const keys = await importPublicKeys(JSON.stringify({ keys: [old.jwk, current.jwk] }))
  authenticate = createAuthenticate(keys, () => NOW * 1000)
  sign = (claims, kid = 'current', alg) => (kid === 'old' ? old.sign(claims) : current.sign(claims, kid, alg))
  signAsStranger = stranger.sign
})

const refusal = async (token: string | undefined, route = ROUTE) =>
  authenticate(token, route).then(
    () => 'accepted',
    (error) => error.code,
  )
const withClaims = async (changes: object) => refusal(`Bearer ${await sign({ ...CLAIMS, ...changes })}`)

test('gives the claims of a good token, of either key', async () => {
  expect(await authenticate(`Bearer ${await sign(CLAIMS)}`, ROUTE)).toEqual(CLAIMS)
  expect(await authenticate(`bearer ${await sign(CLAIMS, 'old')}`, ROUTE)).toEqual(CLAIMS)
})

test.each([undefined, '', 'Bearer', 'Basic abc', 'Bearer a.b', 'Bearer a.b.c.d'])(
  'without a token: service_token_missing (%s)',
  async (header) => expect(await refusal(header)).toBe('service_token_missing'),
)

test('expiry, to the tolerance of 5 s', async () => {
  expect(await withClaims({ iat: NOW - 64, exp: NOW - 4 })).toBe('accepted')
  expect(await withClaims({ iat: NOW - 65, exp: NOW - 5 })).toBe('service_token_expired')
})

test('a token of the future, to the tolerance of 5 s', async () => {
  expect(await withClaims({ iat: NOW + 5, exp: NOW + 65 })).toBe('accepted')
  expect(await withClaims({ iat: NOW + 6, exp: NOW + 66 })).toBe('service_token_invalid')
})

test('a lifetime of more than 60 s', async () => {
  expect(await withClaims({ exp: NOW + 61 })).toBe('service_token_invalid')
})

test.each([
  ['issuer', { iss: 'someone' }],
  ['audience', { aud: 'twohop-edge' }],
  ['no id', { jti: undefined }],
  ['no subject', { sub: undefined }],
  ['no expiry', { exp: undefined }],
  ['no reservation', { reserved: undefined }],
  ['a negative reservation', { reserved: { prompt_tokens: -1, output_tokens: 1 } }],
])('wrong claims: %s', async (_name, changes) => {
  expect(await withClaims(changes)).toBe('service_token_invalid')
})

test('another route, another method', async () => {
  const token = `Bearer ${await sign(CLAIMS)}`
  expect(await refusal(token, 'POST /v1/completions')).toBe('service_token_invalid')
  expect(await refusal(token, 'DELETE /v1/chat/completions')).toBe('service_token_invalid')
})

test('a key that is not known, and a known kid with another key behind it', async () => {
  expect(await refusal(`Bearer ${await sign(CLAIMS, 'none')}`)).toBe('service_token_invalid')
  expect(await refusal(`Bearer ${await signAsStranger(CLAIMS)}`)).toBe('service_token_invalid')
})

test('other algorithms: none, HS256, and the same curve under another name', async () => {
  expect(await refusal(`Bearer ${await sign(CLAIMS, 'current', 'Ed25519')}`)).toBe('service_token_invalid')
  const none = new UnsecuredJWT(CLAIMS).encode()
  expect(await refusal(`Bearer ${none}x`)).toBe('service_token_invalid')
  expect(await refusal(`Bearer ${none}`)).not.toBe('accepted')
  const hmac = await new SignJWT({ ...CLAIMS })
    .setProtectedHeader({ alg: 'HS256', kid: 'current' })
    .sign(new TextEncoder().encode('public'.repeat(8)))
  expect(await refusal(`Bearer ${hmac}`)).toBe('service_token_invalid')
})
