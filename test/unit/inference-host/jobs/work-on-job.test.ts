import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Outcome, StartInput } from '../../../../inference-host/jobs/input.ts'
import { createWorkOnJob } from '../../../../inference-host/jobs/work-on-job.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { CLAIMED, createHandStore, type HandStore, settle, verifiedJob } from '../../../fixtures/host-jobs.ts'

const CLAIM_MS = 30_000
const USE = { promptTokens: 1, outputTokens: 2, computeMs: 3 }

type HandInput = {
  index: number
  attempt: number
  stopped: boolean
  end(outcome: Partial<Outcome>): void
  fail(error: Error): void
}

let store: HandStore
let inputs: HandInput[]
let lines: string[]
let draining: AbortController
let giveUp: AbortController
/** Called by whoever waits for the store to come back. */
let comeBack: (() => void)[]

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  store = createHandStore()
  inputs = []
  lines = []
  comeBack = []
  draining = new AbortController()
  giveUp = new AbortController()
})
afterEach(() => vi.useRealTimers())

const startInput: StartInput = (_job, index, attempt) => {
  const outcome = Promise.withResolvers<Outcome>()
  const input: HandInput = {
    index,
    attempt,
    stopped: false,
    end: (more) => outcome.resolve({ index, use: USE, ...more }),
    fail: outcome.reject,
  }
  inputs.push(input)
  return {
    outcome: outcome.promise,
    stop() {
      input.stopped = true
    },
  }
}

function work({ count = 4, slots = 2, job = verifiedJob(count), claimed = CLAIMED } = {}) {
  return createWorkOnJob({
    store,
    verify: async () => job,
    startInput,
    slots: () => slots,
    claimMs: CLAIM_MS,
    observe: () => {},
    log: (event, fields) => lines.push(`${event} ${JSON.stringify(fields)}`),
    backoff: {
      random: () => 0,
      wait: (_ms, signal) =>
        new Promise((resolve) => {
          comeBack.push(resolve)
          signal.addEventListener('abort', () => resolve())
        }),
    },
  })(claimed, { draining: draining.signal, giveUp: giveUp.signal })
}

const answer = { result: { json: '{"status":200,"body":{}}', failed: false } }
const end = (at: number, outcome: Partial<Outcome> = answer) => inputs[at]?.end(outcome)
const begun = () => inputs.map(({ index }) => index)
const told = () => store.reports.flatMap(({ finished }) => finished.map(({ index }) => index))
const pass = async (ms: number) => {
  await settle()
  await vi.advanceTimersByTimeAsync(ms)
  await settle()
}

test('as many inputs as there are slots, in order, but those that have a result', async () => {
  const worked = work({ count: 6, claimed: { ...CLAIMED, done: new Set([0, 3]) } })
  await settle()
  expect(begun()).toEqual([1, 2])
  end(1)
  await settle()
  expect(begun()).toEqual([1, 2, 4])
  end(0)
  end(2)
  await settle()
  expect(begun()).toEqual([1, 2, 4, 5])
  end(3)
  await worked
  expect(told().toSorted()).toEqual([1, 2, 4, 5])
  expect(store.ends).toEqual(['done'])
})

test('results of 200 ms go together, and those of the end at once', async () => {
  const worked = work({ count: 4, slots: 4 })
  await settle()
  end(0)
  await pass(100)
  end(1)
  await pass(99)
  expect(store.reports).toEqual([])
  await pass(1)
  expect(told()).toEqual([0, 1])
  end(2)
  end(3)
  await worked
  expect(store.reports.map(({ number, finished }) => [number, finished.length])).toEqual([
    [1, 2],
    [2, 2],
  ])
})

test('the claim is renewed in thirds while an input takes its time', async () => {
  void work()
  await pass(CLAIM_MS / 3 - 1)
  expect(store.reports).toEqual([])
  await pass(1)
  await pass(CLAIM_MS / 3)
  expect(store.reports).toEqual([
    { number: 1, finished: [] },
    { number: 2, finished: [] },
  ])
})

test('while the store is away, what runs goes on, nothing is begun, and nothing is lost', async () => {
  const worked = work({ count: 4 })
  await settle()
  store.away = true
  end(0)
  await pass(200)
  expect(store.reports).toHaveLength(1)
  // Begun in the moment in which the first ended: what runs is let be, and no further one is begun.
  expect(begun()).toEqual([0, 1, 2])
  end(1)
  end(2)
  await pass(CLAIM_MS)
  expect(begun()).toEqual([0, 1, 2])
  store.away = false
  comeBack.shift()?.()
  await settle()
  expect(begun()).toEqual([0, 1, 2, 3])
  end(3)
  await worked
  // The same report under the same number until it came through.
  expect(store.reports.map(({ number }) => number)).toEqual([1, 1, 2])
  expect(store.reports.slice(1).flatMap(({ finished }) => finished.map(({ index }) => index))).toEqual([
    0, 1, 2, 3,
  ])
  expect(store.ends).toEqual(['done'])
})

test('the end is told again until the store is back', async () => {
  const worked = work({ count: 1 })
  await settle()
  const { end: original } = store
  store.end = async () => {
    throw new TypeError('fetch failed')
  }
  end(0)
  await settle()
  expect(comeBack).toHaveLength(1)
  store.end = original
  comeBack[0]?.()
  await worked
  expect(store.ends).toEqual(['done'])
})

test('cancelled: what runs is stopped, what it used is told, and the job is ended so', async () => {
  const worked = work()
  await settle()
  store.standing = 'cancel'
  await pass(CLAIM_MS / 3)
  expect(inputs.map(({ stopped }) => stopped)).toEqual([true, true])
  end(0, { retryMs: 0 })
  end(1)
  await worked
  expect(begun()).toEqual([0, 1])
  const finished = store.reports.flatMap((report) => report.finished)
  expect(finished).toEqual([
    { index: 0, use: USE },
    { index: 1, use: USE, ...answer },
  ])
  expect(store.ends).toEqual(['cancelled'])
})

test('lost: what runs is stopped, and nothing is written any more', async () => {
  const worked = work()
  await settle()
  store.standing = 'lost'
  await pass(CLAIM_MS / 3)
  expect(inputs.map(({ stopped }) => stopped)).toEqual([true, true])
  end(0)
  end(1, { retryMs: 0 })
  await worked
  expect(store.reports).toEqual([{ number: 1, finished: [] }])
  expect([store.ends, store.releases]).toEqual([[], 0])
  expect(lines.at(-1)).toMatch(/^job_lost /)
})

test('refused by a full queue: tried again when it says so, before later ones', async () => {
  void work({ count: 4, slots: 1 })
  await settle()
  end(0, { retryMs: 5000, use: { promptTokens: 0, outputTokens: 0, computeMs: 0 } })
  await pass(4999)
  expect(inputs.map(({ index, attempt }) => [index, attempt])).toEqual([[0, 1]])
  await pass(1)
  expect(inputs.map(({ index, attempt }) => [index, attempt])).toEqual([
    [0, 1],
    [0, 2],
  ])
  expect(told()).toEqual([])
})

test('draining: what runs ends, is told, and the job is given back', async () => {
  const worked = work()
  await settle()
  draining.abort()
  await settle()
  expect(inputs.map(({ stopped }) => stopped)).toEqual([false, false])
  end(0)
  end(1)
  await worked
  expect([begun(), told()]).toEqual([
    [0, 1],
    [0, 1],
  ])
  expect([store.ends, store.releases]).toEqual([[], 1])
  expect(lines.at(-1)).toMatch(/^job_released .*"left":2/)
})

test('draining with the store away ends when it is told to give up', async () => {
  const worked = work()
  await settle()
  store.away = true
  draining.abort()
  end(0)
  end(1)
  await settle()
  giveUp.abort()
  await worked
  expect(lines.at(-1)).toMatch(/^job_lost /)
})

test('expired: at the deadline all is stopped', async () => {
  const worked = work({ job: verifiedJob(4, { deadline: Date.now() + 1000 }) })
  await pass(999)
  expect(inputs.map(({ stopped }) => stopped)).toEqual([false, false])
  await pass(1)
  expect(inputs.map(({ stopped }) => stopped)).toEqual([true, true])
  end(0, { retryMs: 0 })
  end(1, { retryMs: 0 })
  await worked
  expect(store.ends).toEqual(['expired'])
})

test.each<[Error, RegExp]>([
  [
    new TwohopError('service_token_invalid', 'a canary'),
    /^job_refused {"id":"job-1","model":"chat-1","code":"service_token_invalid"}$/,
  ],
  [
    new RangeError('a canary'),
    /^job_refused {"id":"job-1","model":"chat-1","code":"internal","error":"RangeError","at":"test\/unit\//,
  ],
])('a job that does not verify is ended, and nothing of it is begun (%#)', async (refused, line) => {
  await createWorkOnJob({
    store,
    verify: async () => {
      throw refused
    },
    startInput,
    slots: () => 2,
    claimMs: CLAIM_MS,
    observe: () => {},
    log: (event, fields) => lines.push(`${event} ${JSON.stringify(fields)}`),
  })(CLAIMED, { draining: draining.signal, giveUp: giveUp.signal })
  expect([begun(), store.reports, store.ends]).toEqual([[], [], ['failed']])
  expect(lines).toEqual([expect.stringMatching(line)])
  expect(lines.join()).not.toContain('canary')
})

test('a store that is away when a job reports or ends is told of, once each time', async () => {
  const worked = work({ count: 1 })
  await settle()
  store.away = true
  end(0)
  await pass(1000)
  for (const back of comeBack.splice(0)) back()
  await settle()
  const saidAway = () => lines.filter((line) => line.startsWith('job_store_away'))
  expect(saidAway()).toEqual([
    expect.stringMatching(/^job_store_away {"id":"job-1","model":"chat-1","error":"TypeError","at":"test\//),
  ])
  store.away = false
  for (const back of comeBack.splice(0)) back()
  await worked
  expect(saidAway()).toHaveLength(1)
})

test('a store that is away only when the job ends is told of too, once', async () => {
  const { report } = store
  store.report = async (...all) => {
    const standing = await report(...all)
    store.away = true
    return standing
  }
  const worked = work({ count: 1 })
  await settle()
  end(0)
  await pass(1000)
  for (const back of comeBack.splice(0)) back()
  await settle()
  expect(lines).toEqual([
    expect.stringMatching(/^job_store_away {"id":"job-1","model":"chat-1","error":"TypeError"/),
  ])
  store.away = false
  for (const back of comeBack.splice(0)) back()
  await worked
  expect(store.ends).toEqual(['done'])
})

test('an input that breaks, which none should, breaks off the work when the others have ended', async () => {
  const worked = work()
  await settle()
  inputs[0]?.fail(new RangeError('broken'))
  await settle()
  end(1)
  await expect(worked).rejects.toThrow(RangeError)
  expect([begun(), store.ends, store.releases]).toEqual([[0, 1], [], 0])
})
