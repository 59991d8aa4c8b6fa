import { expect, test } from 'vitest'
import { EDGE_VARIABLES } from '../../../../edge/runtime/variables.ts'
import { createModelQueue } from '../../../../inference-host/scheduler/model-queue.ts'
import { createRequests } from '../../../../inference-host/scheduler/requests.ts'
import { CHAT_WORK, createHandEngine, runOf } from '../../../fixtures/hand-engine.ts'

function setUp(most = 100) {
  const clock = { ms: 0 }
  const engine = createHandEngine({}, 100)
  const queue = createModelQueue({ engine, limit: 8 })
  const requests = createRequests({ most, now: () => clock.ms })
  const add = (id: string, account = 'account-1') => {
    const run = queue.submit(CHAT_WORK, Date.now() + 60_000)
    requests.add(id, account, run)
    return run
  }
  return { clock, engine, requests, add }
}

test('cancelling a running request waits for its end and gives what it used', async () => {
  const { engine, requests, add } = setUp()
  add('a')
  const cancelled = requests.cancel('a', 'account-1')
  expect(runOf(engine).stopped).toBe(true)
  runOf(engine).end({ how: 'stopped' }, { promptTokens: 3, outputTokens: 2, computeMs: 8 })
  expect(await cancelled).toMatchObject({ promptTokens: 3, outputTokens: 2, computeMs: 8 })
})

test('an ended request is known until the longest deadline has passed, since a client may read slowly', async () => {
  const { clock, engine, requests, add } = setUp()
  const longest = 900_000
  const { schema } = EDGE_VARIABLES.REQUEST_TIMEOUT_MS
  expect([longest, longest + 1].map((ms) => schema.safeParse(String(ms)).success)).toEqual([true, false])
  const run = add('a')
  runOf(engine).end({ how: 'failed' }, { promptTokens: 3 })
  await run.ended
  clock.ms = longest + 29_999
  expect(await requests.cancel('a', 'account-1')).toMatchObject({ promptTokens: 3 })
  clock.ms = longest + 30_000
  expect(await requests.cancel('a', 'account-1')).toBeUndefined()
})

test('of an ended request only its report is kept, not its run with prompt and answer', async () => {
  const { requests } = setUp()
  const ended = Promise.withResolvers<'finished'>()
  let asked = 0
  const report = () => ({ promptTokens: 3, outputTokens: ++asked, queueMs: 0, computeMs: 0 })
  async function* events() {}
  requests.add('a', 'account-1', {
    events,
    report,
    fault: () => undefined,
    cancel: () => void asked++,
    ended: ended.promise,
  })
  ended.resolve('finished')
  await ended.promise
  const reports = [await requests.cancel('a', 'account-1'), await requests.cancel('a', 'account-1')]
  expect(reports.map((one) => one?.outputTokens)).toEqual([1, 1])
  expect(asked).toBe(1)
})

test('nobody else may cancel, and what nobody sent is unknown', async () => {
  const { engine, requests, add } = setUp()
  const run = add('a')
  expect(await requests.cancel('a', 'account-2')).toBeUndefined()
  expect(await requests.cancel('b', 'account-1')).toBeUndefined()
  expect(runOf(engine).stopped).toBe(false)
  runOf(engine).end({ how: 'failed' })
  await run.ended
})

test('of more ended requests than it keeps, the oldest go; running ones stay', async () => {
  const { engine, requests, add } = setUp(2)
  add('running')
  for (const [i, id] of ['a', 'b', 'c'].entries()) {
    const run = add(id)
    runOf(engine, i + 1).end({ how: 'failed' })
    await run.ended
  }
  expect(await requests.cancel('a', 'account-1')).toBeUndefined()
  for (const id of ['b', 'c'])
    expect(await requests.cancel(id, 'account-1')).toMatchObject({ outputTokens: 0 })
  const running = requests.cancel('running', 'account-1')
  runOf(engine).end({ how: 'stopped' }, { promptTokens: 1 })
  expect(await running).toMatchObject({ promptTokens: 1 })
})
