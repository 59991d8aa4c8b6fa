import { describe, expect, test } from 'vitest'
import { createPace, type Finished } from '../../../../inference-host/scheduler/pace.ts'
import { createRecent } from '../../../../inference-host/scheduler/recent.ts'

function steady() {
  const clock = { ms: 0 }
  return { clock, now: () => clock.ms }
}

describe('recent', () => {
  test('nothing is known from fewer than eight samples', () => {
    const recent = createRecent(steady())
    for (let i = 0; i < 7; i++) recent.add(10)
    expect([recent.least(), recent.mean()]).toEqual([0, 0])
    recent.add(10)
    expect([recent.least(), recent.mean()]).toEqual([10, 10])
  })

  test('the least of the last 32, and a mean in which the last weighs an eighth', () => {
    const recent = createRecent(steady())
    recent.add(1)
    for (let i = 0; i < 31; i++) recent.add(9)
    expect(recent.least()).toBe(1)
    recent.add(9)
    expect(recent.least()).toBe(9)
    const before = recent.mean()
    recent.add(17)
    expect(recent.mean()).toBeCloseTo(before + (17 - before) / 8)
  })

  test('what is older than 10 s says nothing, and does not come back with a new sample', () => {
    const { clock, now } = steady()
    const recent = createRecent({ now })
    for (let i = 0; i < 8; i++) recent.add(10)
    clock.ms = 10_000
    expect(recent.least()).toBe(10)
    clock.ms = 10_001
    expect(recent.least()).toBe(0)
    recent.add(500)
    expect(recent.least()).toBe(0)
    for (let i = 0; i < 7; i++) recent.add(500)
    expect([recent.least(), recent.mean()]).toEqual([500, 500])
  })
})

describe('pace', () => {
  const FINISHED: Finished = {
    slotMs: 1000,
    answerMs: 100,
    perTokenMs: 20,
    outputTokens: 16,
    outputLimit: 64,
  }
  function learnt(more: Partial<Finished>[] = [{}], slots = 2) {
    const pace = createPace({ slots, ...steady() })
    for (let i = 0; i < 8; i++) pace.add({ ...FINISHED, ...more[i % more.length] })
    return pace
  }

  test('while nothing is known, nothing takes any time', () => {
    const pace = createPace({ slots: 1, ...steady() })
    expect([pace.leastWait(100), pace.usualWait(100), pace.leastTime(100)]).toEqual([0, 0, 0])
  })

  test('the least wait is whole turns of all slots at the shortest time seen', () => {
    const pace = learnt([{}, { slotMs: 400 }])
    expect([0, 1, 2, 3, 4, 9].map(pace.leastWait)).toEqual([0, 0, 400, 400, 800, 1600])
  })

  test('the usual wait is at the mean, of those ahead and one more', () => {
    expect([0, 1, 9].map(learnt().usualWait)).toEqual([500, 1000, 5000])
  })

  test('the least time: quickest first token, then the smallest part of the limit at the quickest gap', () => {
    const pace = learnt([{}, { answerMs: 50, perTokenMs: 30 }, { outputTokens: 32 }])
    expect(pace.leastTime(64)).toBe(50 + 15 * 20)
    expect(pace.leastTime(4)).toBe(50)
    expect(pace.leastTime(0)).toBe(50)
  })

  test('requests that write nothing have their time alone', () => {
    const pace = learnt([{ perTokenMs: undefined, outputTokens: 0, outputLimit: 0, answerMs: 1000 }])
    expect(pace.leastTime(0)).toBe(1000)
  })
})
