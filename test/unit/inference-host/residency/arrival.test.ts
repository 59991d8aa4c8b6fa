import { expect, test } from 'vitest'
import { createArrival } from '../../../../inference-host/residency/arrival.ts'
import { createGuest } from '../../../../inference-host/residency/guest.ts'
import { settled } from '../../../fixtures/residency/hand-model.ts'
import { residencyParts, squatter } from '../../../fixtures/residency/parts.ts'

function setUp(options: Parameters<typeof residencyParts>[0] = {}) {
  const parts = residencyParts(options)
  const guest = createGuest(parts.state, parts.around, parts.bring)
  const deaths: string[] = []
  const arrival = createArrival(parts.state, parts.around, guest, (_, why) => void deaths.push(why))
  return { ...parts, guest, deaths, ...arrival }
}

test('a load that works leaves it in memory, with its slots, and wakes the queue', async () => {
  const { clock, state, front, events, bring, form, deaths } = setUp()
  const loading = bring('demand')
  expect(state.phase.is).toBe('coming')
  await clock.pass(1000)
  expect(await loading).toBeUndefined()
  expect([state.phase.is, state.info?.device, state.trouble]).toEqual(['resident', 'webgpu', undefined])
  expect([front.told, events]).toEqual([['wake'], ['loaded']])
  form.engines[0]?.die('gone')
  await settled()
  expect(deaths).toEqual(['gone'])
})

test('on demand it is tried three times; then the queue is told, and it is left alone', async () => {
  const { clock, state, form, front, events, bring, around } = setUp()
  form.failing = 3
  const loading = bring('demand')
  await clock.pass(1000 + 1000 + 1000 + 2000 + 1000)
  expect(await loading).toEqual(new Error('no such file'))
  expect([form.loads, events]).toEqual([3, ['load_failed', 'load_failed', 'load_failed']])
  expect(state.phase).toEqual({ is: 'broken', until: clock.now() + 15_000 })
  expect([front.told, around.room.used().host, state.trouble]).toEqual([
    ['drop host_not_ready'],
    0,
    undefined,
  ])
})

test('at the start it is tried once for each form, and the second form may do', async () => {
  const { clock, state, forms, form, bring } = setUp({ fallback: true })
  form.failing = 1
  const loading = bring('start')
  await clock.pass(2000)
  expect(await loading).toBeUndefined()
  expect(forms.map(({ loads }) => loads)).toEqual([1, 1])
  expect([state.form, state.info?.device]).toEqual([forms[1], 'cpu'])
})

test('one that was lost too often comes by its other form only', async () => {
  const { clock, state, forms, bring } = setUp({ fallback: true })
  for (const _ of [1, 2, 3]) state.setbacks.lost(0)
  const loading = bring('lost')
  await clock.pass(1000)
  await loading
  expect(forms.map(({ loads }) => loads)).toEqual([0, 1])
})

test('called off while it waits for room, it is absent; with somebody there by then, it comes after all', async () => {
  const { clock, state, form, front, bring, around } = setUp({ budget: 10 })
  const other = squatter(5)
  await around.room.enter(other, new AbortController().signal)
  const reason = new Error('nobody waits')
  const first = bring('demand')
  if (state.phase.is === 'coming') state.phase.stop.abort(reason)
  expect([await first, state.phase.is, form.loads]).toEqual([reason, 'absent', 0])

  const second = bring('demand')
  front.waiting = 1
  if (state.phase.is === 'coming') state.phase.stop.abort(reason)
  await second
  expect(state.phase.is).toBe('coming')
  around.room.leave(other)
  await clock.pass(1000)
  expect(state.phase.is).toBe('resident')
})

test('loaded after the host has closed, it is shut down again', async () => {
  const { clock, state, form, bring, events } = setUp()
  const loading = bring('demand')
  await clock.pass(500)
  state.phase = { is: 'closed' }
  await clock.pass(500)
  await loading
  expect([state.phase.is, form.engines[0]?.closed, events]).toEqual(['closed', true, []])
})

test('one that was served is tried again after its time alone, and says what is wrong until then', async () => {
  const { clock, state, form, bring, around } = setUp()
  form.failing = 3
  const loading = bring('lost')
  await clock.pass(6000)
  await loading
  expect([state.trouble, around.room.used().host]).toEqual(['no such file', 0])
  await clock.pass(15_000 + 1000)
  expect([form.loads, state.phase.is, state.trouble]).toEqual([4, 'resident', undefined])
})
