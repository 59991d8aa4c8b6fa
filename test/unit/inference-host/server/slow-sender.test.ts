import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listening, listen } from '../../../../shared/listen.ts'
import { CHAT, createHandApp } from '../../../fixtures/hand-app.ts'
import { FRAMINGS, type Framing, sendSlowly } from '../../../fixtures/slow-sender.ts'

const AT = { bind: '127.0.0.1', port: 0, failed: () => {} }
const framings = Object.keys(FRAMINGS) as Framing[]

let hand: Awaited<ReturnType<typeof createHandApp>>
let patient: Listening
let quick: Listening
beforeAll(async () => {
  // Longer than any test.
  hand = await createHandApp({ body: { most: 2048, timeoutMs: 600_000 } })
  patient = await listen(hand.app.fetch, AT)
})
afterAll(async () => {
  await patient.close(0)
  await quick?.close(0)
})

const bearer = async (route: string, signer = hand.signer) => ({
  authorization: `Bearer ${await signer.sign(route, JSON.stringify(CHAT))}`,
})

describe.each(framings)('a body that never ends, with %s', (framing) => {
  test('is not waited for without a valid service token, or where nothing reads one', async () => {
    const to = (path: string, headers: Record<string, string> = {}) =>
      sendSlowly(`${patient.url}${path}`, { framing, headers })
    for (const path of [
      '/v1/chat/completions',
      '/v1/embeddings',
      '/v1/tasks/fill-mask',
      '/v1/jobs/wake',
      '/',
    ]) {
      expect(await to(path)).toEqual({ status: 401, code: 'service_token_missing' })
      expect(await to(path, { authorization: 'Bearer a.b.c' })).toEqual({
        status: 401,
        code: 'service_token_invalid',
      })
    }
    expect(await to('/v1/nothing', await bearer('POST /v1/nothing'))).toEqual({
      status: 404,
      code: 'not_found',
    })
    expect(await to('/v1/tasks/nothing', await bearer('POST /v1/tasks/nothing'))).toEqual({
      status: 404,
      code: 'task_not_found',
    })
  })

  test('is a 408 after the time that it may take', async () => {
    const { app, signer } = await createHandApp({ body: { most: 2048, timeoutMs: 50 } })
    quick = await listen(app.fetch, AT)
    for (const path of ['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/rerank'])
      expect(
        await sendSlowly(`${quick.url}${path}`, { framing, headers: await bearer(`POST ${path}`, signer) }),
      ).toEqual({ status: 408, code: 'body_timeout' })
    await quick.close(0)
  })
})
