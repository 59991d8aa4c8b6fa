import { describe, expect, test } from 'vitest'
import { createLog } from '../../../../inference-host/platform/log.ts'
import { CHAT, codeOf, createHandApp, DONE, REMEMBERED } from '../../../fixtures/hand-app.ts'

const PROMPT = 'prompt-canary-4711'
const ANSWER = 'answer-canary-4712'
const BODY = { ...CHAT, messages: [{ role: 'user', content: PROMPT }] }
const FORMED = { ...BODY, structured_outputs: { choice: [PROMPT] } }

/** The app with a log as the host writes it; `told` waits for a line of an event. */
async function logged(over: Parameters<typeof createHandApp>[0] = {}) {
  const lines: string[] = []
  const app = await createHandApp({ log: createLog((line) => lines.push(line)), ...over })
  async function told(event: string): Promise<string> {
    for (;;) {
      const line = lines.find((one) => one.startsWith(`${event} `))
      if (line !== undefined) return line
      await new Promise(setImmediate)
    }
  }
  return { ...app, lines, told }
}

describe('a failure leaves a line with the request’s id, its code, the class and the place', () => {
  test('of a route that throws', async () => {
    const { send, lines, told } = await logged({
      structures: {
        ...REMEMBERED,
        recall(structure) {
          throw new RangeError(`cannot find ${JSON.stringify(structure)}`, { cause: new TypeError(PROMPT) })
        },
      },
    })
    const answer = await codeOf(send('POST /v1/chat/completions', FORMED, { jti: 'id-1' }))
    expect(answer).toMatchObject({ status: 500, code: 'internal' })
    expect(await told('refused')).toBe('refused id=id-1 method=POST code=internal')
    expect(await told('internal_error')).toMatch(
      /^internal_error id=id-1 code=internal error=RangeError at="test\/unit\/inference-host\/server\/log\.test\.ts:\d+ < .*" cause=TypeError$/,
    )
    expect(lines.join()).not.toContain('canary')
  })

  test('of an engine that throws', async () => {
    const { engine, send, lines, told } = await logged()
    engine.run = (work) => {
      throw new TypeError(`no worker for ${JSON.stringify(work)}`)
    }
    const answer = await codeOf(send('POST /v1/chat/completions', BODY, { jti: 'id-2' }))
    expect(answer).toMatchObject({ status: 502, code: 'host_failed' })
    expect(await told('run')).toMatch(/^run id=id-2 .*code=host_failed .*error=TypeError at="test\//)
    expect(lines.join()).not.toContain('canary')
  })

  test('of work that the engine fails on', async () => {
    const { send, arrived, told } = await logged()
    const answer = send('POST /v1/chat/completions', BODY, { jti: 'id-3' })
    const run = await arrived()
    run.end({ how: 'failed', fault: { error: 'RangeError', at: 'inference-host/model-process/worker.ts:7' } })
    await answer
    expect(await told('run')).toMatch(
      /^run id=id-3 .*code=host_failed .*error=RangeError at=inference-host\/model-process\/worker.ts:7$/,
    )
  })

  test.each([false, true])(
    'of a run that ends without what it should have given (streamed: %s)',
    async (stream) => {
      const { send, arrived, lines, told } = await logged()
      const answer = send('POST /v1/chat/completions', { ...BODY, stream }, { jti: 'id-4' })
      const run = await arrived()
      if (!stream) run.report({ type: 'started', promptTokens: 3 })
      // Streamed, a run has to start first; as a whole, each answer has to have its reason to end.
      run.end({
        how: 'finished',
        output: { kind: 'text', finishReasons: stream ? ['stop'] : (null as never) },
      })
      await (await answer).text()
      expect(await told('internal_error')).toMatch(
        /^internal_error id=id-4 code=internal error=\w+ at="?inference-host\/server\/generation\.ts:\d+/,
      )
      expect(lines.join()).not.toContain('canary')
    },
  )

  test('of a stream that breaks off', async () => {
    const { send, arrived, lines, told } = await logged()
    const answer = send('POST /v1/chat/completions', { ...BODY, stream: true }, { jti: 'id-5' })
    const run = await arrived()
    run.report({ type: 'started', promptTokens: 3 })
    run.report({ type: 'token', text: ANSWER, outputTokens: 1 })
    run.end({ how: 'finished', output: { kind: 'text', finishReasons: null as never } })
    expect(await (await answer).text()).toContain('"code":"internal"')
    expect(await told('internal_error')).toMatch(/^internal_error id=id-5 code=internal error=TypeError at=/)
    expect(lines.join()).not.toContain('canary')
  })
})

test('neither prompt, nor answer, nor token reach the log, however a request ends', async () => {
  const { send, arrived, lines, app } = await logged()
  const answer = send('POST /v1/chat/completions', BODY)
  const run = await arrived()
  run.report({ type: 'started', promptTokens: 3 })
  run.report({ type: 'token', text: ANSWER, outputTokens: 1 })
  run.end(DONE)
  await answer
  await codeOf(send('POST /v1/chat/completions', BODY, { scope: 'embed' }))
  await codeOf(send('POST /v1/chat/completions', { ...BODY, model: PROMPT }, { model: PROMPT }))
  await codeOf(send('POST /v1/chat/completions', BODY, {}, { ...BODY, max_tokens: 1 }))
  const token = `token-canary-4713.${PROMPT}`
  await codeOf(
    app.request('/v1/chat/completions', { method: 'POST', headers: { authorization: `Bearer ${token}` } }),
  )
  expect(lines).toHaveLength(5)
  expect(lines.join()).not.toContain('canary')
})
