import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closedLoop, type Order } from '../../../bench/load/closed-loop.ts'
import { cpuSecondsOf, knowsCpuTime, secondsIn } from '../../../bench/load/cpu.ts'
import { ANSWER_BYTES, eventsOf, stubModel } from '../../../bench/upstream/answers.ts'
import { type Stub, startStub } from '../../../bench/upstream/stub.ts'

let stub: Stub
beforeAll(async () => {
  stub = await startStub()
})
afterAll(() => stub.stop())

const MODEL = { chunks: 16, delayMs: 0 }

function order(fields: Partial<Order> & { model?: string; stream?: boolean } = {}): Order {
  const { model = stubModel(MODEL), stream = false, ...rest } = fields
  return {
    url: `${stub.url}/v1/chat/completions`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      messages: [],
      ...(stream && { stream, stream_options: { include_usage: true } }),
    }),
    expected: stream
      ? { kind: 'stream', events: eventsOf(MODEL) }
      : { kind: 'answer', leastBytes: ANSWER_BYTES },
    connections: 4,
    warmUp: 3,
    seconds: 60,
    requests: 25,
    processes: {},
    ...rest,
  }
}

describe('a closed loop', () => {
  test('asks exactly as often as it says, after its warm-up', async () => {
    const before = stub.counts()
    const result = await closedLoop(order())
    expect(stub.counts().answers - before.answers).toBe(28)
    expect(result).toMatchObject({ ok: 25, errors: 0 })
    expect(result).not.toHaveProperty('events')
    expect(result.ttfb50).toBeGreaterThan(0)
    expect(result.p50).toBeGreaterThanOrEqual(result.ttfb50)
    expect(result.p99).toBeGreaterThanOrEqual(result.p95)
  })

  test('counts the events of every stream', async () => {
    const before = stub.counts()
    const result = await closedLoop(order({ stream: true }))
    expect(stub.counts().streams - before.streams).toBe(28)
    expect(result).toMatchObject({ ok: 25, errors: 0, events: 25 * 19 })
    expect(result.events_per_read).toBeGreaterThanOrEqual(1)
    expect(result.events_per_read).toBeLessThanOrEqual(19)
  })

  test('sees the gaps between the chunks of a stream, and its first byte before them', async () => {
    const model = stubModel({ chunks: 16, delayMs: 10 })
    const result = await closedLoop(order({ model, stream: true, warmUp: 0, requests: 4 }))
    // A timer is late, and never early by more than the millisecond it is rounded to.
    // On a busy machine several chunks come at once, after a gap that is all the longer.
    expect(result.gap99).toBeGreaterThan(5)
    expect(result.p50).toBeGreaterThan(18 * 10 - 5)
    expect(result.ttfb50).toBeLessThan(result.p50)
  })

  test('begins no request after its time', async () => {
    let ticks = 0
    const before = stub.counts()
    // Each look at the clock is a tenth of a second: one as the run begins, one before each request.
    const result = await closedLoop(
      order({ connections: 1, warmUp: 0, seconds: 1, requests: 1000 }),
      () => 100 * ticks++,
    )
    expect(stub.counts().answers - before.answers).toBe(9)
    // It ends at the twelfth look, 1.1 s after the first.
    expect(result).toMatchObject({ ok: 9, rps: Math.round(9 / 1.1) })
  })

  test.each([
    ['too short', { expected: { kind: 'answer', leastBytes: ANSWER_BYTES + 1 } }, /^400 bytes, not 401/],
    ['refused', { model: 'nobody' }, /^status 404: .*model_not_found/],
    [
      'with too few events',
      { stream: true, expected: { kind: 'stream', events: 20 } },
      /^19 events, not 20$/,
    ],
  ] as const)('counts answers that are %s as errors', async (_, fields, message) => {
    const result = await closedLoop(order({ ...fields, warmUp: 0, requests: 5 }))
    expect(result).toMatchObject({ ok: 0, errors: 5, firstError: expect.stringMatching(message) })
  })

  test('does not begin where nothing is answered as it should be', async () => {
    await expect(closedLoop(order({ model: 'nobody' }))).rejects.toThrow(/fails: status 404/)
    await expect(closedLoop(order({ url: 'http://127.0.0.1:1/' }))).rejects.toThrow(/fails: .*ECONNREFUSED/)
  })
})

describe('CPU time', () => {
  test('is what the kernel writes, whatever a process is called', () => {
    const stat = '42 (a) b) S 1 42 42 0 -1 4194304 1 0 0 0 250 75 9 9 20 0 11 0 100 1 1 1'
    expect(secondsIn(stat)).toBe(3.25)
  })

  test.runIf(knowsCpuTime())('is read of a process that computes, and told a request', async () => {
    const busy = spawn(process.execPath, ['-e', 'console.log("on"); for (;;);'], { stdio: 'pipe' })
    try {
      await once(busy.stdout, 'data')
      const pid = busy.pid ?? 0
      await expect.poll(() => cpuSecondsOf(pid)).toBeGreaterThanOrEqual(0.1)
      const { cpu, ok } = await closedLoop(order({ seconds: 0.3, requests: 1e6, processes: { busy: pid } }))
      expect(cpu.busy?.us_per_req).toBeGreaterThan(0)
      // Within 10 ms, which is how finely the kernel tells it.
      const seconds = ((cpu.busy?.us_per_req ?? 0) * ok) / 1e6
      expect(seconds).toBeLessThanOrEqual(0.5)
      expect(cpu.load?.us_per_req).toBeGreaterThan(0)
    } finally {
      busy.kill('SIGKILL')
    }
  })

  test.runIf(knowsCpuTime())('of a process that is gone is an error', async () => {
    await expect(cpuSecondsOf(2 ** 22 + 1)).rejects.toThrow('ENOENT')
    expect(secondsIn(await readFile('/proc/self/stat', 'utf8'))).toBeGreaterThan(0)
  })
})
