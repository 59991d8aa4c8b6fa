import { describe, expect, test } from 'vitest'
import { compileStructure } from '../../../../inference-host/decoding/structure/compile.ts'
import { packProgram } from '../../../../inference-host/decoding/structure/packed.ts'
import type { Host } from '../../../../inference-host/server/call.ts'
import type { Preparing } from '../../../../inference-host/work/preparing.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { CHAT, codeOf, createHandApp, DONE } from '../../../fixtures/hand-app.ts'

const ROUTE = 'POST /v1/chat/completions'
const FORMED = { ...CHAT, structured_outputs: { choice: ['yes', 'no'] } }
type Compile = Parameters<Host['structures']['compile']>

/** The app with structures that a test compiles by hand. Each takes 1,234 ms. */
async function setUp() {
  const asked: {
    structure: Compile[0]
    asker: Compile[1]
    settle(error?: TwohopError): void
    stopped: boolean
  }[] = []
  const structures: Host['structures'] = {
    recall: () => undefined,
    compile(structure, asker) {
      const { promise, resolve } = Promise.withResolvers<Awaited<Preparing<never>['outcome']>>()
      const one = {
        structure,
        asker,
        stopped: false,
        settle: (error?: TwohopError) =>
          resolve(
            error
              ? { error }
              : ({ value: { id: 'a', program: packProgram(compileStructure(structure)) } } as never),
          ),
      }
      asked.push(one)
      return {
        outcome: promise,
        computeMs: () => 1234,
        stop() {
          one.stopped = true
        },
      }
    },
  }
  const host = await createHandApp({ structures })
  async function compiling(index = 0) {
    for (;;) {
      const one = asked[index]
      if (one !== undefined) return one
      await new Promise(setImmediate)
    }
  }
  return { ...host, asked, compiling }
}

const timingOf = (response: Response) => JSON.parse(response.headers.get('x-timing') ?? '{}')

test('a structure is compiled for its account, by its weight, once the request is admitted', async () => {
  const { send, compiling, arrived } = await setUp()
  const answer = send(ROUTE, FORMED, { sub: 'ada', weight: 3 })
  const { structure, asker, settle } = await compiling()
  expect(structure).toEqual({ kind: 'choice', choices: ['yes', 'no'] })
  expect(asker).toMatchObject({ account: 'ada', weight: 3, priority: 'interactive' })
  settle()
  const run = await arrived()
  expect(run.work).toMatchObject({ kind: 'chat', structure: { id: 'a' } })
  run.report({ type: 'started', promptTokens: 5 })
  run.end(DONE, { promptTokens: 5, outputTokens: 2, computeMs: 12 })
  const response = await answer
  expect(response.status).toBe(200)
  expect(timingOf(response)).toMatchObject({ compute_ms: 1246 })
})

test.each([false, true])('what a refused one took is told (streamed: %s)', async (stream) => {
  const { send, compiling, engine } = await setUp()
  const answer = send(ROUTE, { ...FORMED, stream })
  ;(await compiling()).settle(new TwohopError('invalid_request', 'no', { param: 'a.b' }))
  const response = await answer
  expect(timingOf(response)).toMatchObject({ compute_ms: 1234 })
  expect(await codeOf(response)).toEqual({ status: 400, code: 'invalid_request', param: 'a.b' })
  expect(engine.runs).toHaveLength(0)
})

describe('nothing is compiled for a request', () => {
  test.each([
    ['that its token does not cover', { ...FORMED, max_tokens: 9 }, {}, 'service_token_invalid'],
    ['after its deadline', FORMED, { deadline: Date.now() - 1000 }, 'host_timeout'],
    ['of a host that is not ready', FORMED, {}, 'host_not_ready'],
  ])('%s', async (what, body, claims, code) => {
    const { send, asked, state } = await setUp()
    if (what.includes('ready')) state.ready = false
    expect(await codeOf(send(ROUTE, body, claims))).toMatchObject({ code })
    expect(asked).toHaveLength(0)
  })
})

test('a request is known while its structure is compiled: it can be cancelled, and tells what it has used', async () => {
  const { send, compiling } = await setUp()
  const answer = send(ROUTE, FORMED, { jti: 'request-1' })
  const structure = await compiling()
  const cancelled = await send('DELETE /v1/requests/request-1')
  expect(await cancelled.json()).toMatchObject({ timing: { compute_ms: 1234 } })
  expect(structure.stopped).toBe(true)
  expect((await answer).status).toBe(499)
})
