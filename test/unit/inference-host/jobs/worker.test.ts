import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { WorkOnJob } from '../../../../inference-host/jobs/work-on-job.ts'
import { createWorker } from '../../../../inference-host/jobs/worker.ts'
import type { JobEvent } from '../../../../inference-host/metrics/job-events.ts'
import { claimedJob, createHandStore, type HandStore, settle } from '../../../fixtures/host-jobs.ts'

const POLL_MS = 30_000

let store: HandStore
let at: Map<string, { end(): void; fail(error: Error): void; signals: Parameters<WorkOnJob>[1] }>
let lines: string[]
let events: [string, JobEvent][]

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  store = createHandStore()
  at = new Map()
  lines = []
  events = []
})
afterEach(() => vi.useRealTimers())

const worker = () =>
  createWorker({
    store,
    work(job, signals) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      at.set(job.id, { end: resolve, fail: reject, signals })
      return promise
    },
    models: ['chat-1', 'embed-1'],
    pollMs: POLL_MS,
    observe: (model, event) => events.push([model, event]),
    log: (event, fields) => lines.push(`${event} ${JSON.stringify(fields ?? {})}`),
  })

test('one job at a time for each model, and only models with nothing to do are asked for', async () => {
  store.waiting.push(claimedJob('a'), claimedJob('b'), claimedJob('c', 'embed-1'))
  worker()
  await settle()
  expect([...at.keys()]).toEqual(['a', 'c'])
  expect(store.claims).toEqual([['chat-1', 'embed-1'], ['embed-1']])
  at.get('a')?.end()
  await settle()
  expect([...at.keys()]).toEqual(['a', 'c', 'b'])
  expect(store.claims.slice(2)).toEqual([['chat-1']])
  expect(events).toEqual([
    ['chat-1', { type: 'claimed', takenOver: false }],
    ['embed-1', { type: 'claimed', takenOver: false }],
    ['chat-1', { type: 'left' }],
    ['chat-1', { type: 'claimed', takenOver: false }],
  ])
})

test('idle, it looks once in the poll time, and once more for any number of wakes', async () => {
  const { wake } = worker()
  await settle()
  await vi.advanceTimersByTimeAsync(POLL_MS - 1)
  expect(store.claims).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(store.claims).toHaveLength(2)
  const { claim } = store
  const held = Promise.withResolvers<undefined>()
  store.claim = (models) => {
    void claim(models)
    return held.promise
  }
  wake()
  await settle()
  expect(store.claims).toHaveLength(3)
  for (let i = 0; i < 50; i++) wake()
  await settle()
  expect(store.claims).toHaveLength(3)
  held.resolve(undefined)
  await settle()
  expect(store.claims).toHaveLength(4)
})

test('busy with every model, a wake costs nothing', async () => {
  store.waiting.push(claimedJob('a'), claimedJob('b', 'embed-1'))
  const { wake } = worker()
  await settle()
  const looks = store.claims.length
  wake()
  await settle()
  expect(store.claims).toHaveLength(looks)
})

test('a store that is away is told of once, and asked again at the next look', async () => {
  store.away = true
  worker()
  await settle()
  await vi.advanceTimersByTimeAsync(2 * POLL_MS)
  expect(lines).toEqual([
    expect.stringMatching(/^jobs_unavailable {"error":"TypeError","at":"test\/fixtures\/host-jobs.ts:\d+ /),
  ])
  store.away = false
  store.waiting.push(claimedJob('a'))
  await vi.advanceTimersByTimeAsync(POLL_MS)
  await settle()
  expect(lines.slice(1)).toEqual(['jobs_available {}', expect.stringMatching(/^job_claimed /)])
})

test('work that breaks is told of by name, and the model takes other jobs', async () => {
  store.waiting.push(claimedJob('a'), claimedJob('b'))
  worker()
  await settle()
  at.get('a')?.fail(new RangeError('what a prompt said'))
  await settle()
  expect(lines[1]).toMatch(
    /^job_lost {"id":"a","model":"chat-1","error":"RangeError","at":"test\/unit\/inference-host\/jobs\/worker/,
  )
  expect(lines.join()).not.toContain('prompt')
  expect(at.has('b')).toBe(true)
})

test('draining: no further job is taken, those at hand are told, and at last to give up', async () => {
  store.waiting.push(claimedJob('a'), claimedJob('b'))
  const { drain, wake } = worker()
  await settle()
  let drained = false
  const idle = Promise.withResolvers<void>()
  const draining = drain(idle.promise, 5000).then(() => {
    drained = true
  })
  const { signals, end } = at.get('a') ?? expect.fail('no job was taken')
  expect([signals.draining.aborted, signals.giveUp.aborted]).toEqual([true, false])
  wake()
  await settle()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(signals.giveUp.aborted).toBe(false)
  idle.resolve()
  await settle()
  await vi.advanceTimersByTimeAsync(5000)
  expect(signals.giveUp.aborted).toBe(true)
  expect(drained).toBe(false)
  end()
  await draining
  expect([...at.keys()]).toEqual(['a'])
})
