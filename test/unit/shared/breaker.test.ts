import { expect, it } from 'vitest'
import { createBreaker, ServiceAway } from '../../../shared/breaker.ts'

/** A breaker on a set clock before a service that answers, refuses or is silent. */
function world() {
  const state = { now: 5000, is: 'up' as 'up' | 'silent' | 'refusing', calls: 0, told: [] as boolean[] }
  const breaker = createBreaker({
    now: () => state.now,
    isSilence: (error) => error instanceof RangeError,
    onChange: (away) => state.told.push(away),
  })
  const call = async () => {
    state.calls++
    if (state.is === 'silent') throw new RangeError('silence')
    if (state.is === 'refusing') throw new TypeError('no')
    return 'answer'
  }
  /** What came of a call: its answer, or the name of its error. */
  const ask = (how: 'run' | 'watch' = 'run') =>
    breaker[how](call).catch((error: unknown) =>
      error instanceof ServiceAway ? 'away' : (error as Error).message,
    )
  return { state, ask }
}

it('lets everything through while the service answers, be it with errors', async () => {
  const { state, ask } = world()
  state.is = 'refusing'
  for (let n = 0; n < 10; n++) expect(await ask()).toBe('no')
  expect([state.calls, state.told]).toEqual([10, []])
})

it('knows after three silences in a row, and not after two with an answer between', async () => {
  const { state, ask } = world()
  for (const is of ['silent', 'silent', 'up', 'silent', 'silent', 'refusing', 'silent', 'silent'] as const) {
    state.is = is
    await ask()
  }
  expect(state.told).toEqual([])
  state.is = 'silent'
  expect([await ask(), await ask(), state.told]).toEqual(['silence', 'away', [true]])
  expect(state.calls).toBe(9)
})

it('lets one call in a second through while it is away, however many come, and all again once it answers', async () => {
  const { state, ask } = world()
  state.is = 'silent'
  for (let n = 0; n < 3; n++) await ask()
  state.now += 999
  expect(await ask()).toBe('away')
  state.now += 1
  expect((await Promise.all([ask(), ask(), ask()])).toSorted()).toEqual(['away', 'away', 'silence'])
  state.now += 1000
  state.is = 'up'
  expect(await ask()).toBe('answer')
  expect(await ask()).toBe('answer')
  expect(state.told).toEqual([true, false])
})

it('probes again though nobody saw the end of a probe', async () => {
  const state = { now: 0 }
  const breaker = createBreaker({ now: () => state.now, isSilence: () => true })
  const silent = () => Promise.reject(new Error('silence'))
  for (let n = 0; n < 3; n++) await breaker.run(silent).catch(() => {})
  state.now += 1000
  void breaker.run(() => new Promise(() => {}))
  state.now += 1000
  expect(await breaker.run(async () => 'answer')).toBe('answer')
})

it('runs what may not be refused in any case, and learns from it', async () => {
  const { state, ask } = world()
  state.is = 'silent'
  for (let n = 0; n < 3; n++) await ask('watch')
  expect([await ask('watch'), await ask()]).toEqual(['silence', 'away'])
  state.is = 'up'
  expect([await ask('watch'), await ask()]).toEqual(['answer', 'answer'])
})
