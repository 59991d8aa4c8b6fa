import { expect, test } from 'vitest'
import { createGate } from '../../../../inference-host/residency/gate.ts'
import { createGuest } from '../../../../inference-host/residency/guest.ts'
import { coming } from '../../../../inference-host/residency/residence.ts'
import { residencyParts, settleIn, squatter } from '../../../fixtures/residency/parts.ts'

function setUp() {
  const parts = residencyParts({ budget: 30 })
  const guest = createGuest(parts.state, parts.around, parts.bring)
  return { ...parts, guest, gate: createGate(parts.state, parts.around, guest, parts.bring) }
}

test('it is open with the model in memory, and refuses only while that is broken', () => {
  const { gate, state, clock } = setUp()
  const said = () => [gate.open(), gate.refusal()?.code]
  expect(said()).toEqual([false, undefined])
  settleIn(state, clock)
  expect(said()).toEqual([true, undefined])
  state.phase = { is: 'broken', until: 500 }
  expect(said()).toEqual([false, 'host_not_ready'])
  expect(gate.refusal()?.retryAfterMs).toBe(500)
  state.phase = { is: 'broken', until: 0 }
  expect(said()).toEqual([false, undefined])
})

test('a knock brings what is absent or has been alone for long enough, once', () => {
  const { gate, state, brought } = setUp()
  gate.knock()
  state.phase = coming('demand')
  gate.knock()
  state.phase = { is: 'broken', until: 500 }
  gate.knock()
  state.phase = { is: 'broken', until: 0 }
  gate.knock()
  state.phase = { is: 'closed' }
  gate.knock()
  expect(brought).toEqual(['demand', 'demand'])
})

test('when the last one goes, nobody has to make room for it any more', () => {
  const { gate, state, clock } = setUp()
  const signal = (phase: ReturnType<typeof coming>) => {
    state.phase = phase
    gate.rest()
    return phase.stop.signal.aborted
  }
  expect(signal(coming('demand'))).toBe(true)
  expect(signal({ ...coming('demand'), placed: true })).toBe(false)
  expect(signal(coming('lost'))).toBe(false)
  expect(state.lastUsed).toBe(clock.now())
})

test('its jobs make way where somebody else waits for its memory', async () => {
  const { gate, guest, state, clock, front, around } = setUp()
  settleIn(state, clock, 25)
  await around.room.enter(guest, new AbortController().signal)
  Object.assign(front, { running: 1, jobs: true })
  expect(gate.yields()).toBe(false)
  const stop = new AbortController()
  const other = around.room.enter(squatter(20), stop.signal).catch(() => {})
  expect(gate.yields()).toBe(true)
  stop.abort()
  await other
  expect(gate.yields()).toBe(false)
})
