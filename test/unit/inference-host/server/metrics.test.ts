import { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { createAuthenticate } from '../../../../inference-host/admission/authenticate.ts'
import { importPublicKeys } from '../../../../inference-host/admission/jwks.ts'
import { createMayRead } from '../../../../inference-host/server/may-read.ts'
import { metricsRoute } from '../../../../inference-host/server/metrics.ts'
import { errorResponse } from '../../../../shared/errors.ts'
import { createSigner, type Signer } from '../../../fixtures/host/signer.ts'

let signer: Signer
let closed: Hono

beforeEach(async () => {
  signer = await createSigner()
  const authenticate = createAuthenticate(await importPublicKeys(signer.jwks))
  const metrics = { text: async () => 'figures 1\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' }
  closed = new Hono()
    .get('/metrics', metricsRoute({ metrics, mayRead: createMayRead(authenticate) }))
    .onError((error) => errorResponse(error, 'request-1'))
})

const HERE = 'http://127.0.0.1:8788/metrics'

async function ask(app: Hono, url = HERE, headers: Record<string, string> = {}) {
  const answer = await app.request(url, { headers })
  if (answer.ok) return 200
  return ((await answer.json()) as { error: { code: string } }).error.code
}

const bearer = async (scope: string, route = 'GET /metrics') => ({
  authorization: `Bearer ${await signer.sign(route, '', { scope })}`,
})

test('a token of scope metrics reads the text, in its own content type, and nothing keeps it', async () => {
  const answer = await closed.request(HERE, { headers: await bearer('metrics') })
  expect(answer.status).toBe(200)
  expect(await answer.text()).toBe('figures 1\n')
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('no-store')
})

describe('everyone needs a token, and it is refused', () => {
  test.each<[string, () => Promise<Record<string, string>>, string]>([
    ['none', async () => ({}), 'service_token_missing'],
    ['one of another scope', () => bearer('chat'), 'service_token_invalid'],
    ['one for another route', () => bearer('metrics', 'POST /v1/chat/completions'), 'service_token_invalid'],
    ['one that is none', async () => ({ authorization: 'Bearer a.b.c' }), 'service_token_invalid'],
  ])('%s', async (_name, headers, code) => {
    expect(await ask(closed, HERE, await headers())).toBe(code)
  })
})
