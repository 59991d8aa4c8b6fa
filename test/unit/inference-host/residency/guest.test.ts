import { expect, test } from 'vitest'
import { createGuest } from '../../../../inference-host/residency/guest.ts'
import { residencyParts, settleIn } from '../../../fixtures/residency/parts.ts'

function setUp() {
  const parts = residencyParts()
  return { ...parts, guest: createGuest(parts.state, parts.around, parts.bring) }
}

test('it takes what it is expected to, then what it does, and later what it did', async () => {
  const { guest, state, clock } = setUp()
  expect(guest.bytes().host).toBe(10)
  settleIn(state, clock, 25)
  expect(guest.bytes().host).toBe(25)
  await guest.evict()
  guest.gone()
  expect([state.phase.is, guest.bytes().host]).toEqual(['absent', 25])
})

test('it is idle only in memory, with nothing to do, while loading does not take too much of the time', () => {
  const { guest, state, clock, front, around } = setUp()
  expect(guest.idleSince()).toBeUndefined()
  settleIn(state, clock)
  state.lastUsed = 7
  expect(guest.idleSince()).toBe(7)
  front.running = 1
  expect(guest.idleSince()).toBeUndefined()
  front.running = 0
  around.turnover.loaded(100_000)
  expect(guest.idleSince()).toBeUndefined()
})

test('evicted, its engine is closed; it leaves before its bytes are free', async () => {
  const { guest, state, clock, events, lines } = setUp()
  const { engine } = settleIn(state, clock, 2 ** 20)
  await guest.evict()
  expect([engine.closed, state.phase.is, events]).toEqual([true, 'leaving', ['evicted']])
  expect(lines).toEqual(['evicted {"model":"m","freed_mb":1}'])
})

test('it comes back at once where somebody asked for it while it left', async () => {
  const { guest, state, clock, front, brought } = setUp()
  settleIn(state, clock)
  await guest.evict()
  front.waiting = 1
  guest.gone()
  expect([state.phase.is, brought]).toEqual(['absent', ['demand']])
})

test('what it held back for others may go on once fewer wait', () => {
  const { guest, state, clock, front } = setUp()
  front.waiting = 1
  guest.spared?.()
  expect(front.told).toEqual([])
  settleIn(state, clock)
  guest.spared?.()
  expect(front.told).toEqual(['wake'])
})
