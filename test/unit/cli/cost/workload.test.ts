import { describe, expect, it } from 'vitest'
import type { Container } from '../../../../cli/cost/price-book.ts'
import { BUSY_AT_MOST, runningOf, secondsOf, type Workload } from '../../../../cli/cost/workload.ts'

const MONTH = 30 * 86_400
const workload: Workload = {
  users: 1,
  requestsPerDay: 86_400,
  promptTokens: 0,
  outputTokens: 100,
  streamingSeconds: 2,
  peak: 2,
  scheduleMinutes: 1,
  lookSeconds: 30,
}
const container = (more: Partial<Container>): Container => ({
  id: 'c',
  name: 'C',
  kind: 'cpu',
  device: 'cpu',
  mode: 'scale-to-zero',
  services: ['s'],
  perSecond: {},
  startSeconds: 4,
  idleSeconds: 3,
  ...more,
})
/** One request a second of `seconds` of work. */
const work = (seconds: number) => ({ promptSeconds: 0, outputSeconds: seconds / 100 })

/** Random numbers above 0 and below 1 from a seed (Tommy Ettinger's Mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32
  }
}

it('counts the seconds of images as those of other tokens, and audio by its own speed', () => {
  const speed = { promptSeconds: 0.001, outputSeconds: 0.01, audioSeconds: 0.05 }
  const asked = { ...workload, promptTokens: 300, imageTokens: 700, audioSeconds: 60 }
  expect(secondsOf(asked, speed)).toBeCloseTo(1 + 3 + 1, 9)
  expect(secondsOf(workload, speed)).toBeCloseTo(1, 9)
})

describe('containers that are always on', () => {
  it.each([
    [0.1, 1],
    [BUSY_AT_MOST / 2, 1],
    [BUSY_AT_MOST / 2 + 0.01, 2],
    [3.5, 10],
  ])('%d s of work a second, twice that at the peak, are %i containers', (seconds, replicas) => {
    expect(runningOf(workload, work(seconds), container({ mode: 'always-on' }))).toEqual({
      seconds: replicas * MONTH,
      replicas,
      coldShare: 0,
    })
  })
})

describe('containers that scale to zero', () => {
  // One request holds a container for 5 s: alone, as a rule, or along with others.
  it.each([100, 5, 2])('run as long as a simulation says, with a request every %i s at random', (every) => {
    const perSecond = 1 / every
    const held = workload.streamingSeconds + 3
    const random = mulberry32(42)
    let [now, up, cold, ready, until] = [0, 0, 0, 0, 0]
    const requests = 200_000
    for (let i = 0; i < requests; i++) {
      now += -Math.log(random()) / perSecond
      if (now >= until) {
        cold++
        ready = now + 4
        up -= now
      } else up -= until
      // Those who come during the start are held from its end on.
      until = Math.max(until, Math.max(now, ready) + held)
      up += until
    }
    const day = { ...workload, requestsPerDay: perSecond * 86_400 }
    const running = runningOf(day, work(0), container({}))
    expect(running.coldShare).toBeGreaterThan((cold / requests) * 0.99)
    expect(running.coldShare).toBeLessThan((cold / requests) * 1.01)
    expect(running.seconds / MONTH).toBeGreaterThan((up / now) * 0.98)
    expect(running.seconds / MONTH).toBeLessThan((up / now) * 1.02)
  })

  it('run for the work where that is more than one container can do', () => {
    const running = runningOf(workload, work(7), container({}))
    expect(running.seconds).toBe(10 * MONTH)
    expect(running.replicas).toBe(20)
  })
})
