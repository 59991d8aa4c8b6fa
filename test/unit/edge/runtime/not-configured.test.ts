import { describe, expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { createUnconfigured, NotConfigured } from '../../../../edge/runtime/not-configured.ts'

/** What the configuration of these variables throws. */
function thrown(variables: Record<string, string>): NotConfigured {
  try {
    edgeConfig(variables)
  } catch (error) {
    if (error instanceof NotConfigured) return error
  }
  return expect.fail('it is configured')
}

const REQUEST = new Request('https://edge.example/v1/models')

describe('an edge without its variables', () => {
  it('says in the log, once, what to put where, and has a line for whatever fails then', async () => {
    const lines: string[] = []
    const { app, scheduled } = createUnconfigured(thrown({}), (line) => lines.push(line))
    const ids = [REQUEST, REQUEST].map((request) => app.fetch(request).headers.get('x-request-id'))
    app.fetch(new Request(REQUEST, { method: 'OPTIONS' }))
    await expect(scheduled()).rejects.toMatchObject({ code: 'not_configured' })
    const code = 'not_configured'
    const [first, ...others] = lines.map((line) => JSON.parse(line))
    expect(others).toEqual([
      ...ids.map((id) => ({ level: 'warn', event: 'answer_failed', request_id: id, code })),
      { level: 'error', event: 'scheduled_failed', code },
    ])
    expect([first]).toEqual([
      {
        level: 'error',
        event: 'not_configured',
        code: 'not_configured',
        complaints: [
          'UPSTASH_REDIS_REST_URL: is missing: put the REST URL of your Upstash database, such as https://....upstash.io, there',
          'UPSTASH_REDIS_REST_TOKEN: is missing: put the REST token of that database there',
          'HOST_URL: is missing: put the address by which the edge reaches your host, such as https://host.internal.example, there',
          'SERVICE_TOKEN_PRIVATE_KEY: is missing: put the content of service-key.private.json, which `npm run keys` writes, there',
          'API_KEY_SECRETS: is missing: put the output of `node -p "crypto.randomBytes(32).toString(\'base64url\')"` there',
          'FIREBASE_PROJECT_IDS: no issuer is configured; put the id of your Firebase project there, or the URL of your Supabase project into SUPABASE_URLS',
        ],
      },
    ])
  })

  it('answers 503 with the names alone', async () => {
    const wrong = { HOST_URL: 'a-canary', SERVICE_TOKEN_PRIVATE_KEY: '{"kty":"a-canary","d":"a-canary"}' }
    const lines: string[] = []
    const { app, scheduled } = createUnconfigured(thrown(wrong), (line) => lines.push(line))
    const answer = app.fetch(REQUEST)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60'])
    const { error } = (await answer.json()) as { error: { request_id: string } }
    expect(error).toEqual({
      code: 'not_configured',
      type: 'server_error',
      param: null,
      request_id: answer.headers.get('x-request-id'),
      message:
        'This service is not configured yet. Its operator must look at UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN, ' +
        'HOST_URL, SERVICE_TOKEN_PRIVATE_KEY, API_KEY_SECRETS, FIREBASE_PROJECT_IDS.',
    })
    expect(lines.join()).not.toContain('a-canary')
    await expect(scheduled()).rejects.toMatchObject({ code: 'not_configured' })
  })

  it('lets a page of any origin read that', async () => {
    const { app } = createUnconfigured(thrown({}), () => {})
    const url = 'https://edge.example/v1/chat/completions'
    const preflight = app.fetch(
      new Request(url, {
        method: 'OPTIONS',
        headers: { origin: 'chrome-extension://a', 'access-control-request-headers': 'authorization' },
      }),
    )
    expect(preflight.status).toBe(204)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'authorization',
      'access-control-allow-methods': 'GET,POST,DELETE',
    })
    const answer = app.fetch(
      new Request(url, { method: 'POST', headers: { origin: 'chrome-extension://a' } }),
    )
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([503, '*'])
    expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id')
  })

  it("answers clients of Anthropic's API in its envelope", async () => {
    const { app } = createUnconfigured(thrown({}), () => {})
    for (const path of ['/v1/messages', '/v1/messages/count_tokens', '/v1/messages/?beta=true']) {
      const answer = app.fetch(new Request(`https://edge.example${path}`, { method: 'POST' }))
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60'])
      expect(await answer.json()).toMatchObject({
        type: 'error',
        error: { type: 'api_error', details: { error_code: 'not_configured' } },
        request_id: answer.headers.get('request-id'),
      })
    }
  })
})
