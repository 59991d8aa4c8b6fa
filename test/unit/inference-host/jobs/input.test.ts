import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAdmit } from '../../../../inference-host/admission/admit.ts'
import { createStartInput, type Outcome } from '../../../../inference-host/jobs/input.ts'
import { createModelQueue, type ModelQueue } from '../../../../inference-host/scheduler/model-queue.ts'
import { createRequests } from '../../../../inference-host/scheduler/requests.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { REMEMBERED } from '../../../fixtures/hand-app.ts'
import { CHAT_WORK, createHandEngine, type HandEngine, runOf } from '../../../fixtures/hand-engine.ts'
import { verifiedJob } from '../../../fixtures/host-jobs.ts'

const DONE = { how: 'finished', output: { kind: 'text', finishReasons: ['stop'] } } as const
const COUNTS = { promptTokens: 5, outputTokens: 3, computeMs: 12 }

let engine: HandEngine
let queue: ModelQueue
let ready: boolean
let lines: string[]

beforeEach(() => {
  // The queue's clock is the steady one.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
  engine = createHandEngine({ id: 'chat-1' })
  queue = createModelQueue({ engine, limit: 3 })
  ready = true
  lines = []
})
afterEach(() => vi.useRealTimers())

function starter(structures = REMEMBERED) {
  return createStartInput({
    admit: createAdmit({
      queues: new Map([['chat-1', queue]]),
      requests: createRequests({ keepMs: 1000, most: 10 }),
      priority: 'job',
      ready: () => ready,
    }),
    structures,
    body: { most: 2048, timeoutMs: 10_000 },
    log: (event, fields) => lines.push(`${event} ${JSON.stringify(fields)}`),
  })
}

const start = (job = verifiedJob(3), index = 0, attempt = 1, structures = REMEMBERED) =>
  starter(structures)(job, index, attempt)

/** Hashing takes its time on another thread. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate)
}
const arrived = (runs = 1) => until(() => engine.runs.length === runs)
const waiting = (inputs: number) => until(() => queue.load().waiting === inputs)

const resultOf = ({ result }: Outcome) =>
  result && { failed: result.failed, ...(JSON.parse(result.json) as { status: number; body: unknown }) }
const codeOf = (outcome: Outcome) =>
  (resultOf(outcome)?.body as { error: { code: string } } | undefined)?.error.code

test('an answer is kept as the route gives it, with what was computed', async () => {
  const input = start(verifiedJob(3), 1, 2)
  await arrived()
  const run = runOf(engine)
  expect(run.work).toMatchObject({
    kind: 'chat',
    messages: [{ role: 'user', content: 'input 1' }],
    limits: { promptTokens: 32, outputTokens: 8 },
    account: 'account-1',
  })
  run.report({ type: 'started', promptTokens: 5 })
  run.report({ type: 'token', text: 'Hello', outputTokens: 1 })
  run.end(DONE, COUNTS)
  const outcome = await input.outcome
  expect(outcome).toMatchObject({ index: 1, use: COUNTS })
  expect(outcome).not.toHaveProperty('retryMs')
  expect(resultOf(outcome)).toMatchObject({
    failed: false,
    status: 200,
    body: {
      object: 'chat.completion',
      choices: [{ message: { content: 'Hello' } }],
      usage: { prompt_tokens: 5, completion_tokens: 3 },
    },
  })
  expect(lines).toEqual([expect.stringMatching(/^run .*"id":"job-1\.1\.2"/)])
})

test('what somebody asks for at the keyboard goes before an input that waits', async () => {
  const first = start()
  await arrived()
  start(verifiedJob(3), 1)
  await waiting(1)
  const asked = queue.submit(CHAT_WORK, Date.now() + 60_000, { account: 'account-1' })
  runOf(engine).end(DONE, COUNTS)
  await first.outcome
  expect(runOf(engine, 1).work).toMatchObject({ messages: CHAT_WORK.kind === 'chat' && CHAT_WORK.messages })
  runOf(engine, 1).end(DONE, COUNTS)
  expect(await asked.ended).toBe('finished')
  await arrived(3)
  expect(runOf(engine, 2).work).toMatchObject({ messages: [{ content: 'input 1' }] })
})

test('a full queue, and a host that is not ready, are no result: it is to be tried again', async () => {
  for (let i = 0; i < 4; i++) queue.submit(CHAT_WORK, Date.now() + 60_000)
  const busy = await start().outcome
  expect(busy).toMatchObject({ use: { promptTokens: 0, outputTokens: 0, computeMs: 0 } })
  expect(busy.result).toBeUndefined()
  expect(busy.retryMs).toBeGreaterThanOrEqual(1000)
  ready = false
  const notReady = await start().outcome
  expect(notReady.result).toBeUndefined()
  expect(notReady.retryMs).toBe(1000)
})

test('one that the host interrupts because it stops is no result, and what it used is told', async () => {
  const input = start()
  await arrived()
  queue.interruptAll(new TwohopError('host_unavailable', 'The host is stopping.'))
  runOf(engine).end({ how: 'stopped' }, COUNTS)
  const outcome = await input.outcome
  expect(outcome).toMatchObject({ use: COUNTS, retryMs: 1000 })
  expect(outcome.result).toBeUndefined()
})

test('stopped by the job: no result; answered in the same moment: the answer', async () => {
  for (const [end, failed] of [
    [{ how: 'stopped' }, undefined],
    [DONE, false],
  ] as const) {
    engine.runs.length = 0
    const input = start()
    await arrived()
    runOf(engine).report({ type: 'started', promptTokens: 5 })
    input.stop()
    expect(runOf(engine).stopped).toBe(true)
    runOf(engine).end(end, COUNTS)
    const outcome = await input.outcome
    expect(outcome.use).toEqual(COUNTS)
    expect(resultOf(outcome)?.failed).toBe(failed)
  }
})

test('the time that an input may take counts from its start, not from when it began to wait', async () => {
  const first = queue.submit(CHAT_WORK, Date.now() + 3_600_000)
  const input = start(verifiedJob(1, { inputMs: 1000 }))
  await waiting(1)
  await vi.advanceTimersByTimeAsync(5500)
  runOf(engine).end(DONE, COUNTS)
  expect(await first.ended).toBe('finished')
  await arrived(2)
  await vi.advanceTimersByTimeAsync(999)
  expect(runOf(engine, 1).stopped).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(runOf(engine, 1).stopped).toBe(true)
  runOf(engine, 1).end({ how: 'stopped' }, COUNTS)
  const outcome = await input.outcome
  expect(outcome.use).toEqual(COUNTS)
  expect(resultOf(outcome)).toMatchObject({ failed: true, status: 504 })
  expect(codeOf(outcome)).toBe('host_timeout')
})

test('at the job’s deadline it is no result: the job has expired', async () => {
  const input = start(verifiedJob(1, { deadline: Date.now() + 1000 }))
  await arrived()
  await vi.advanceTimersByTimeAsync(1000)
  runOf(engine).end({ how: 'stopped' }, COUNTS)
  const outcome = await input.outcome
  expect(outcome).toMatchObject({ use: COUNTS, retryMs: 0 })
  expect(outcome.result).toBeUndefined()
})

test('one that the deadline leaves too little time for is no result: the job is about to expire', async () => {
  for (let i = 0; i < 10; i++) {
    const asked = queue.submit(CHAT_WORK, Date.now() + 60_000)
    await vi.advanceTimersByTimeAsync(500)
    runOf(engine, i).end(DONE, COUNTS)
    await asked.ended
  }
  const outcome = await start(verifiedJob(1, { deadline: Date.now() + 300 })).outcome
  expect(engine.runs).toHaveLength(10)
  expect(outcome).toMatchObject({ use: { promptTokens: 0, outputTokens: 0, computeMs: 0 }, retryMs: 300 })
  expect(outcome.result).toBeUndefined()
})

test.each([
  ['a failure of the model', 'host_failed', { how: 'failed' }],
  [
    'a refusal of the model',
    'prompt_exceeds_reservation',
    { how: 'refused', code: 'prompt_exceeds_reservation', message: 'too long', param: undefined },
  ],
] as const)('%s is the result', async (_what, code, end) => {
  const input = start()
  await arrived()
  runOf(engine).end(end, COUNTS)
  const outcome = await input.outcome
  expect(codeOf(outcome)).toBe(code)
  expect(outcome).not.toHaveProperty('retryMs')
})

test('an input whose structure is refused has used what that took', async () => {
  const error = new TwohopError('invalid_request', 'takes too long')
  const asked: object[] = []
  const structures: typeof REMEMBERED = {
    recall: () => undefined,
    compile(_, asker) {
      asked.push(asker)
      return { outcome: Promise.resolve({ error }), computeMs: () => 2100, stop() {} }
    },
  }
  const job = verifiedJob(1)
  const formed = { ...job.inputs[0]?.body, structured_outputs: { choice: ['yes'] } }
  const inputs = job.inputs.map((input) => ({ ...input, body: formed }))
  const outcome = await start({ ...job, inputs }, 0, 1, structures).outcome
  expect(asked).toMatchObject([{ account: 'account-1', weight: 1, priority: 'job' }])
  expect(codeOf(outcome)).toBe('invalid_request')
  expect(outcome.use).toEqual({ promptTokens: 0, outputTokens: 0, computeMs: 2100 })
})

test('a path that computes nothing is an error, and so is a result that is too large to be kept', async () => {
  expect(codeOf(await start(verifiedJob(1, { path: '/v1/requests/1' })).outcome)).toBe('not_found')
  const input = start()
  await arrived()
  runOf(engine).report({ type: 'token', text: 'x'.repeat(5_000_000), outputTokens: 1 })
  runOf(engine).end(DONE, COUNTS)
  const outcome = await input.outcome
  expect(codeOf(outcome)).toBe('body_too_large')
  expect(outcome.use).toEqual(COUNTS)
})

test('a file comes to the model as it was sent, behind the request', async () => {
  engine = createHandEngine({ id: 'chat-1', task: 'automatic-speech-recognition' })
  queue = createModelQueue({ engine, limit: 3 })
  const file = Uint8Array.from({ length: 1000 }, (_, i) => i % 256)
  const body = { model: 'chat-1', max_tokens: 8, parameters: { format: 'json' } }
  const input = start(
    verifiedJob(1, {
      path: '/v1/tasks/automatic-speech-recognition',
      scope: 'tasks:automatic-speech-recognition',
      inputs: [{ body, file: Buffer.from(file).toString('base64'), prompt_tokens: 2, output_tokens: 8 }],
    }),
  )
  await arrived()
  expect(runOf(engine).work).toMatchObject({
    kind: 'transcribe',
    file,
    limits: { promptTokens: 2, outputTokens: 8 },
  })
  const transcript = JSON.stringify({ text: 'hello', duration: 1.5, seconds: 2 })
  runOf(engine).report({ type: 'started', promptTokens: 2 })
  runOf(engine).end({ how: 'finished', output: { kind: 'items', json: [transcript] } }, COUNTS)
  expect(resultOf(await input.outcome)).toMatchObject({ status: 200, body: { text: 'hello' } })
})
