import OpenAI from 'openai'
import { expect, it, vi } from 'vitest'
import { readError } from '../../../client/error.ts'
import { messageErrorResponse } from '../../../edge/write/message-errors.ts'
import { errorResponse, TwohopError } from '../../../shared/errors.ts'

const RESETS = Date.UTC(2026, 11, 1)
const refused = () =>
  errorResponse(
    new TwohopError('budget_exhausted', 'Your budget of this month is used up.', {
      param: 'max_tokens',
      retryAfterMs: 90_000,
      resetsAt: RESETS,
    }),
    'request-1',
  )
const read = {
  code: 'budget_exhausted',
  message: 'Your budget of this month is used up.',
  param: 'max_tokens',
  requestId: 'request-1',
  status: 403,
  resetsAt: new Date(RESETS),
  retryAfterSeconds: 90,
}

it('reads an answer, which can still be read afterwards', async () => {
  const answer = refused()
  expect(await readError(answer)).toEqual(read)
  expect(await answer.json()).toMatchObject({ error: { code: 'budget_exhausted' } })
})

it("reads an answer where a server has put its own classes in the place of the platform's", async () => {
  const answer = refused()
  for (const name of ['Response', 'Headers', 'Request']) vi.stubGlobal(name, class {})
  try {
    expect(await readError(answer)).toEqual(read)
  } finally {
    vi.unstubAllGlobals()
  }
})

it('reads what the openai package throws, and what wraps it', async () => {
  const client = new OpenAI({
    baseURL: 'http://edge.example/v1',
    apiKey: 'x',
    maxRetries: 0,
    fetch: async () => refused(),
  })
  const thrown = await client.models.list().catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(OpenAI.PermissionDeniedError)
  expect(await readError(thrown)).toEqual(read)
  expect(await readError(new Error('It failed.', { cause: thrown }))).toEqual(read)
})

it('reads the errors of the other clients by where they keep what the edge said', async () => {
  const body = await refused().text()
  const responseHeaders = { 'retry-after': '90' }
  const aiError = Object.assign(new Error('AI_APICallError'), {
    statusCode: 403,
    responseBody: body,
    responseHeaders,
  })
  expect(await readError(aiError)).toEqual(read)
  expect(await readError(Object.assign(new Error('AI_RetryError'), { lastError: aiError }))).toEqual(read)
  const hubError = Object.assign(new Error('Forbidden'), {
    httpResponse: { requestId: '', status: 403, body: JSON.parse(body), headers: responseHeaders },
  })
  expect(await readError(hubError)).toEqual(read)
  const supabaseError = Object.assign(new Error('Edge Function returned a non-2xx status code'), {
    context: refused(),
  })
  expect(await readError(supabaseError)).toEqual(read)
})

it('reads Anthropic’s envelope: an answer, what its package throws, and the event of a stream', async () => {
  const busy = () =>
    messageErrorResponse(new TwohopError('host_busy', 'It is full.', { retryAfterMs: 3000 }), 'r2')
  const event = { code: 'host_busy', message: 'It is full.', requestId: 'r2' }
  const whole = { ...event, status: 529, retryAfterSeconds: 3 }
  expect(await readError(busy())).toEqual(whole)
  const body: unknown = await busy().json()
  // Its APIError has the whole body in `error`.
  const thrown = Object.assign(new Error('529 It is full.'), {
    status: 529,
    headers: busy().headers,
    error: body,
  })
  expect(await readError(thrown)).toEqual(whole)
  expect(await readError(body)).toEqual(event)
  expect(await readError(JSON.stringify(body))).toEqual(event)
  const theirs = {
    type: 'error',
    error: { type: 'authentication_error', message: 'No.', details: { error_code: 'x' } },
    request_id: 'req_1',
  }
  expect(await readError(theirs)).toBeUndefined()
})

it('reads the event of a stream that broke off', async () => {
  const event = {
    error: {
      message: 'It broke off.',
      type: 'server_error',
      code: 'host_failed',
      param: null,
      request_id: 'r',
    },
  }
  const whole = { code: 'host_failed', message: 'It broke off.', requestId: 'r' }
  expect(await readError(event)).toEqual(whole)
  expect(await readError(JSON.stringify(event))).toEqual(whole)
})

it('reads nothing from what Twohop did not say', async () => {
  const circle: Record<string, unknown> = {}
  circle.cause = circle
  const theirs = Response.json({ error: { code: 'invalid_api_key', message: 'No.' } }, { status: 401 })
  const strangers = [
    new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) }),
    theirs,
    new Response('<html>', { status: 502 }),
    Response.json({ error: { code: 'x', message: 'y', request_id: 'z' } }),
    new Response('{"error":', { status: 500 }),
    circle,
    undefined,
    null,
    5,
    'text',
  ]
  expect(await Promise.all(strangers.map(readError))).toEqual(strangers.map(() => undefined))
})

it('does not read an answer on and on', async () => {
  let sent = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1024
      controller.enqueue(new Uint8Array(1024).fill(32))
    },
  })
  const answer = new Response(endless, { status: 401 })
  expect(await readError(answer)).toBeUndefined()
  expect(sent).toBeLessThan(80 * 1024)
  expect(answer.bodyUsed).toBe(false)
})
