import { expect, test } from 'vitest'
import { watchEventLoop } from '../../../../inference-host/metrics/event-loop.ts'

test('the interval is taken off, nanoseconds become seconds, and reading starts anew', () => {
  const monitor = {
    count: 3,
    max: 210e6,
    on: false,
    enable() {
      monitor.on = true
      return true
    },
    disable() {
      monitor.on = false
      return true
    },
    percentile: (percent: number) => (percent === 50 ? 9.9e6 : 14e6),
    reset() {
      monitor.count = 0
    },
  }
  const watch = watchEventLoop(monitor)
  expect(monitor.on).toBe(true)
  expect(watch.read()).toEqual({ p50: 0, p99: 0.004, max: 0.2 })
  expect(watch.read()).toEqual({ p50: 0, p99: 0, max: 0 })
  watch.close()
  expect(monitor.on).toBe(false)
})

test('a thread that is held up for 150 ms shows in the real thing', async () => {
  const watch = watchEventLoop()
  const turns = async (ms: number) => {
    for (const end = performance.now() + ms; performance.now() < end; ) await new Promise(setImmediate)
  }
  try {
    await turns(40)
    for (const end = performance.now() + 150; performance.now() < end; );
    await turns(40)
    const { max } = watch.read()
    expect(max).toBeGreaterThan(0.1)
    expect(max).toBeLessThan(5)
  } finally {
    watch.close()
  }
})
