import { base64url, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import type { ErrorCode } from '../../../shared/errors.ts'
import { OTHER_ALGORITHMS, STRANGE_KIDS } from '../../fixtures/attacks/tokens.ts'
import { EMBED, stack } from '../../fixtures/stack/client.ts'
import { type Asked, HELLO, ROUTE, type World } from './world.ts'

export type Attack = {
  what: string
  send: (world: World) => Asked | Promise<Asked>
  status: number
  code: ErrorCode
}

const refused = (what: string, code: ErrorCode, send: Attack['send'], status = 401): Attack => ({
  what,
  code,
  status,
  send,
})
const encode = (value: unknown) => base64url.encode(JSON.stringify(value))

/** Whoever reaches the host without the edge's key. */
export const STRANGERS: readonly Attack[] = [
  refused('no token', 'service_token_missing', () => ({})),
  ...['Bearer', 'Bearer a.b', 'Bearer a.b.c.d', 'Basic ZXZlOmV2ZQ=='].map((authorization) =>
    refused(authorization, 'service_token_missing', () => ({ authorization })),
  ),
  refused('made-up parts', 'service_token_invalid', () => ({ authorization: 'Bearer a.b.c' })),
  refused("a user's own token", 'service_token_invalid', () => ({
    authorization: `Bearer ${stack.tokens.firebase.admin}`,
  })),
  refused('under a key of its own', 'service_token_invalid', async ({ claims, jwk }) => {
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' })
    const token = new SignJWT(await claims()).setProtectedHeader({ alg: 'EdDSA', kid: jwk.kid })
    return { authorization: `Bearer ${await token.sign(privateKey)}` }
  }),
  refused('HS256 with the public key', 'service_token_invalid', async ({ claims, jwk }) => {
    const token = new SignJWT(await claims()).setProtectedHeader({ alg: 'HS256', kid: jwk.kid })
    return { authorization: `Bearer ${await token.sign(base64url.decode(jwk.x))}` }
  }),
  refused('not signed', 'service_token_invalid', async ({ claims }) => ({
    authorization: `Bearer ${new UnsecuredJWT(await claims()).encode()}x`,
  })),
  ...OTHER_ALGORITHMS.filter((alg) => alg !== 'EdDSA').map((alg) =>
    refused(`alg "${alg}"`, 'service_token_invalid', async ({ claimed, jwk }) => {
      const [, payload, signature] = (await claimed({})).split('.')
      return { authorization: `Bearer ${encode({ alg, kid: jwk.kid })}.${payload}.${signature}` }
    }),
  ),
  ...[
    'GET /metrics',
    'POST /v1/requests/usage',
    'DELETE /v1/requests/x',
    'POST /v1/chat/tokens',
    'POST /v1/jobs/wake',
  ].map((route) => {
    const [method = '', path = ''] = route.split(' ')
    return refused(`${route} without a token`, 'service_token_missing', () => ({ method, path }))
  }),
  ...['/v1/models', '/../etc/passwd', '/.env', '/docs'].map((path) =>
    refused(`GET ${path}`, 'service_token_missing', () => ({ method: 'GET', path })),
  ),
]

type Changes = Record<string, unknown>
const seconds = () => Math.floor(Date.now() / 1000)
const claim = (what: string, changes: Changes | (() => Changes), code: ErrorCode, status = 401) =>
  refused(
    what,
    code,
    async ({ claimed }) => ({
      authorization: await claimed(typeof changes === 'function' ? changes() : changes),
    }),
    status,
  )

/** Tokens under the edge's key that say what they may not. */
export const CLAIMS: readonly Attack[] = [
  claim('of another issuer', { iss: 'someone' }, 'service_token_invalid'),
  claim('for another audience', { aud: 'twohop-edge' }, 'service_token_invalid'),
  claim('that has expired', () => ({ iat: seconds() - 100, exp: seconds() - 40 }), 'service_token_expired'),
  claim('of the future', () => ({ iat: seconds() + 60, exp: seconds() + 120 }), 'service_token_invalid'),
  claim('that lives for an hour', () => ({ exp: seconds() + 3600 }), 'service_token_invalid'),
  claim('for another route', { route: 'POST /v1/completions' }, 'service_token_invalid'),
  claim('for another method', { route: 'DELETE /v1/chat/completions' }, 'service_token_invalid'),
  claim('for another model', { model: EMBED }, 'service_token_invalid'),
  claim('of another scope', { scope: 'embed' }, 'service_token_invalid'),
  claim(
    'for fewer tokens of an answer',
    { reserved: { prompt_tokens: 100, output_tokens: 0 } },
    'service_token_invalid',
  ),
  claim(
    'for fewer tokens of a prompt',
    { reserved: { prompt_tokens: 1, output_tokens: 1 } },
    'prompt_exceeds_reservation',
    400,
  ),
  claim(
    'for less than nothing',
    { reserved: { prompt_tokens: -1, output_tokens: 1 } },
    'service_token_invalid',
  ),
  claim(
    'for no end of tokens',
    { reserved: { prompt_tokens: 2 ** 60, output_tokens: 1 } },
    'service_token_invalid',
  ),
  claim('without a reservation', { reserved: undefined }, 'service_token_invalid'),
  claim('for another body', { body_sha256: 'x'.repeat(43) }, 'service_token_body_mismatch'),
  claim('whose deadline has passed', () => ({ deadline: Date.now() - 1 }), 'host_timeout', 504),
  claim('without an id', { jti: undefined }, 'service_token_invalid'),
  claim('with an id without an end', { jti: 'x'.repeat(129) }, 'service_token_invalid'),
  claim('for nobody', { sub: '' }, 'service_token_invalid'),
  claim('with a weight beyond others', { weight: 1e9 }, 'service_token_invalid'),
  ...STRANGE_KIDS.map((kid) =>
    refused(`kid ${kid.slice(0, 30)}`, 'service_token_invalid', async ({ claimed }) => ({
      authorization: await claimed({}, kid),
    })),
  ),
  refused('one byte more than was signed', 'service_token_body_mismatch', async ({ covering }) => ({
    authorization: await covering(ROUTE, HELLO),
    body: `${HELLO} `,
  })),
  refused('a token that was used before', 'service_token_replayed', async ({ claimed, ask }) => {
    // Its first use is refused, too; an id counts as used from the moment in which it was seen.
    const authorization = await claimed({ body_sha256: 'x'.repeat(43) })
    await (await ask({ authorization })).text()
    return { authorization }
  }),
  refused('metrics by a token of requests', 'service_token_invalid', async ({ covering }) => ({
    method: 'GET',
    path: '/metrics',
    authorization: await covering('GET /metrics', '', { scope: 'chat' }),
  })),
  refused(
    "the end of somebody else's request",
    'not_found',
    async ({ covering }) => ({
      method: 'DELETE',
      path: '/v1/requests/of-ada',
      authorization: await covering('DELETE /v1/requests/of-ada', '', { sub: 'eve' }),
    }),
    404,
  ),
]

const body = (what: string, text: string, code: ErrorCode = 'invalid_request', status = 400) =>
  refused(
    what,
    code,
    async ({ covering }) => ({
      body: text,
      authorization: await covering(ROUTE, text, { model: stack.models.chat ?? '' }),
    }),
    status,
  )
const hello: Record<string, unknown> = JSON.parse(HELLO)
const changed = (changes: object) => JSON.stringify({ ...hello, ...changes })

/** Bodies that an edge which was taken over might sign. */
export const BODIES: readonly Attack[] = [
  body('half a body', HELLO.slice(0, -1)),
  body('null', 'null'),
  body('a list', `[${HELLO}]`),
  body('a role that there is not', changed({ messages: [{ role: 'root', content: 'x' }] })),
  body('less than no tokens', changed({ max_tokens: -1 })),
  body('a field that there is not', changed({ admin: true })),
  body('__proto__', `${HELLO.slice(0, -1)},"__proto__":{"admin":true}}`),
  body('3,400 levels', `${HELLO.slice(0, -1)},"x":${'['.repeat(3400)}${']'.repeat(3400)}}`),
  refused(
    'a body without an end',
    'body_too_large',
    async ({ covering }) => {
      const text = JSON.stringify({ model: stack.models.chat, prompt: 'x'.repeat(5_000_000), max_tokens: 1 })
      return {
        path: '/v1/completions',
        body: text,
        authorization: await covering('POST /v1/completions', text),
      }
    },
    413,
  ),
  refused(
    'a model that is a path',
    'model_not_found',
    async ({ covering }) => {
      const text = changed({ model: '../../etc/passwd' })
      return { body: text, authorization: await covering(ROUTE, text) }
    },
    404,
  ),
  refused(
    'a chat with a model of vectors',
    'invalid_request',
    async ({ covering }) => {
      const text = changed({ model: EMBED })
      return { body: text, authorization: await covering(ROUTE, text) }
    },
    400,
  ),
]
