import { expect, test } from 'vitest'
import { createMetrics, type ModelState } from '../../../../inference-host/metrics/metrics.ts'
import {
  COUNTERS,
  HISTOGRAMS,
  MODEL_GAUGES,
  PREFIX,
  PROCESS_GAUGES,
} from '../../../../inference-host/metrics/names.ts'
import { createModelQueue } from '../../../../inference-host/scheduler/model-queue.ts'
import { CHAT_WORK, createHandEngine, runOf } from '../../../fixtures/hand-engine.ts'

const QUIET = { p50: 0, p99: 0, max: 0 }

type Options = Partial<Parameters<typeof createMetrics>[0]>

const create = (options: Options = {}) =>
  createMetrics({ models: ['model-1', 'model-2'], eventLoop: () => QUIET, rss: () => 1000, ...options })

/** Series -> value, of a text in Prometheus's format; the prefix is left off. */
async function valuesOf(metrics: { text(): Promise<string> }): Promise<Record<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ')
      expect(line.startsWith(PREFIX)).toBe(true)
      return [line.slice(PREFIX.length, space), Number(line.slice(space + 1))]
    }),
  )
}

test('every metric is there from the start, at 0, with its help and its type, and no other', async () => {
  const text = await create().text()
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]))
  const expected = new Map(
    [
      ...Object.keys(MODEL_GAUGES).map((name) => [name, 'gauge']),
      ...Object.keys(COUNTERS).map((name) => [name, 'counter']),
      ...Object.keys(HISTOGRAMS).map((name) => [name, 'histogram']),
      ...Object.keys(PROCESS_GAUGES).map((name) => [name, 'gauge']),
    ].map(([name, type]) => [`${PREFIX}${name}`, type]),
  )
  expect(types).toEqual(expected)
  for (const name of expected.keys()) expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'))
  const values = await valuesOf(create())
  for (const model of ['model-1', 'model-2']) {
    for (const name of Object.keys(COUNTERS)) expect(values[`${name}{model="${model}"}`]).toBe(0)
    for (const name of Object.keys(HISTOGRAMS)) expect(values[`${name}_count{model="${model}"}`]).toBe(0)
  }
})

test('what a queue does is counted exactly, in seconds and tokens, for its model alone', async () => {
  const clock = { ms: 0 }
  const metrics = create()
  const engine = createHandEngine()
  const queue = createModelQueue({
    engine,
    limit: 2,
    clock: () => clock.ms,
    now: () => clock.ms,
    observe: metrics.observer('model-1'),
  })
  const stop = metrics.watch('model-1', () => ({ ...queue.load(), batchSize: 1, kvCacheUsage: 0.25 }))
  const submit = () => queue.submit(CHAT_WORK, Date.now() + 60_000)
  const runs = [submit(), submit(), submit()]
  expect(submit).toThrow()

  clock.ms = 40
  runOf(engine).report({ type: 'started', promptTokens: 50, cachedPromptTokens: 32 })
  runOf(engine).report({ type: 'token', text: 'a', outputTokens: 1 })
  clock.ms = 60
  runOf(engine).report({ type: 'token', text: 'b', outputTokens: 2 })
  clock.ms = 90
  runOf(engine).report({ type: 'token', text: 'c', outputTokens: 3 })
  const ended = { type: 'ended', computeMs: 90 } as const
  const finished = { how: 'finished', output: { kind: 'text', finishReasons: ['stop'] } } as const
  runOf(engine).report({ ...ended, promptTokens: 50, outputTokens: 3, end: finished })
  clock.ms = 95
  runOf(engine, 1).report({ ...ended, promptTokens: 7, outputTokens: 1, end: { how: 'failed' } })
  await Promise.all(runs.slice(0, 2).map((run) => run.ended))

  const values = await valuesOf(metrics)
  const one = (name: string) => values[`${name}{model="model-1"}`]
  runs[2]?.cancel()
  runOf(engine, 2).end({ how: 'stopped' })
  await runs[2]?.ended
  expect((await valuesOf(metrics))['request_cancelled_total{model="model-1"}']).toBe(1)
  expect({
    running: one('num_requests_running'),
    waiting: one('num_requests_waiting'),
    batch: one('batch_current_size'),
    kv: one('kv_cache_usage_perc'),
    success: one('request_success_total'),
    failure: one('request_failure_total'),
    rejected: one('admission_rejections_total'),
    prompt: one('prompt_tokens_total'),
    output: one('generation_tokens_total'),
    queries: one('prefix_cache_queries_total'),
    hits: one('prefix_cache_hits_total'),
  }).toEqual({
    running: 1,
    waiting: 0,
    batch: 1,
    kv: 0.25,
    success: 1,
    failure: 1,
    rejected: 1,
    prompt: 57,
    output: 4,
    queries: 50,
    hits: 32,
  })
  const histogram = (name: string) => [one(`${name}_count`), one(`${name}_sum`)]
  expect(histogram('request_queue_time_seconds')).toEqual([3, expect.closeTo(0 + 0.09 + 0.095)])
  expect(histogram('time_to_first_token_seconds')).toEqual([1, 0.04])
  expect(histogram('inter_token_latency_seconds')).toEqual([2, expect.closeTo(0.05)])
  expect(histogram('request_time_per_output_token_seconds')).toEqual([1, 0.025])
  expect(histogram('e2e_request_latency_seconds')).toEqual([1, 0.09])
  expect(values['time_to_first_token_seconds_bucket{le="0.025",model="model-1"}']).toBe(0)
  expect(values['time_to_first_token_seconds_bucket{le="0.05",model="model-1"}']).toBe(1)
  expect(values['request_success_total{model="model-2"}']).toBe(0)
  expect(values).not.toHaveProperty('num_requests_running{model="model-2"}')

  stop()
  expect(await valuesOf(metrics)).not.toHaveProperty('num_requests_running{model="model-1"}')
})

test('what an engine does not know is left out', async () => {
  const metrics = create()
  metrics.watch('model-1', () => ({ waiting: 3, running: 2 }))
  const values = await valuesOf(metrics)
  expect(values['num_requests_waiting{model="model-1"}']).toBe(3)
  expect(values).not.toHaveProperty('batch_current_size{model="model-1"}')
  expect(values).not.toHaveProperty('kv_cache_usage_perc{model="model-1"}')
  expect(values).not.toHaveProperty('device_memory_used_bytes')
})

test('a model loaded again is watched anew; the end of the first watch does not end the second', async () => {
  const metrics = create()
  const state = (running: number) => (): ModelState => ({ waiting: 0, running })
  const first = metrics.watch('model-1', state(1))
  metrics.watch('model-1', state(2))
  first()
  expect((await valuesOf(metrics))['num_requests_running{model="model-1"}']).toBe(2)
})

test('the process: delay, resident memory, and the memory of the device while it is known', async () => {
  let memory: { used: number; total: number } | undefined = { used: 5, total: 80 }
  const metrics = create({
    eventLoop: () => ({ p50: 0.001, p99: 0.004, max: 0.02 }),
    rss: () => 123_456,
    deviceMemory: () => memory,
  })
  expect(await valuesOf(metrics)).toMatchObject({
    nodejs_eventloop_lag_p50_seconds: 0.001,
    nodejs_eventloop_lag_p99_seconds: 0.004,
    nodejs_eventloop_lag_max_seconds: 0.02,
    process_resident_memory_bytes: 123_456,
    device_memory_used_bytes: 5,
    device_memory_total_bytes: 80,
  })
  memory = undefined
  expect(await valuesOf(metrics)).not.toHaveProperty('device_memory_used_bytes')
})

test('the only label is the model, and of a fixed set', async () => {
  const metrics = create()
  expect(() => metrics.observer('model-3')).toThrow(RangeError)
  expect(() => metrics.watch('model-3', () => ({ waiting: 0, running: 0 }))).toThrow(RangeError)
  metrics.watch('model-1', () => ({ waiting: 0, running: 0, batchSize: 0, kvCacheUsage: 0 }))
  const labels = new Set([...(await metrics.text()).matchAll(/[{,](\w+)="/g)].map(([, label]) => label))
  expect(labels).toEqual(new Set(['model', 'le']))
})

test('two hosts in one process count apart', async () => {
  const [one, two] = [create(), create()]
  one.observer('model-1')({ type: 'refused', code: 'host_busy' })
  const name = 'admission_rejections_total{model="model-1"}'
  expect([(await valuesOf(one))[name], (await valuesOf(two))[name]]).toEqual([1, 0])
})
