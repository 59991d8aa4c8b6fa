import { expect, test } from 'vitest'
import { createTimers } from '../../../../inference-host/residency/timers.ts'
import { createHandClock, settled } from '../../../fixtures/residency/hand-model.ts'

test('a timer calls once its time has come, unless it is cancelled', async () => {
  const clock = createHandClock()
  const { later } = createTimers(clock.after)
  const calls: number[] = []
  later(10, () => calls.push(10))
  const cancel = later(20, () => calls.push(20))
  await clock.pass(15)
  cancel()
  await clock.pass(15)
  expect(calls).toEqual([10])
})

test('all that run are given up together', async () => {
  const clock = createHandClock()
  const { later, clear } = createTimers(clock.after)
  const calls: number[] = []
  for (const ms of [10, 20, 30]) later(ms, () => calls.push(ms))
  await clock.pass(10)
  clear()
  await clock.pass(100)
  expect(calls).toEqual([10])
})

test('a pause ends with its time, or with the reason of its signal', async () => {
  const clock = createHandClock()
  const { pause } = createTimers(clock.after)
  const stop = new AbortController()
  const ends: string[] = []
  void pause(10, new AbortController().signal).then(() => ends.push('over'))
  const cut = pause(20, stop.signal).catch((reason) => ends.push(reason))
  await clock.pass(10)
  stop.abort('the host stops')
  await cut
  await settled()
  expect(ends).toEqual(['over', 'the host stops'])
})
