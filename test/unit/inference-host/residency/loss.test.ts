import { expect, test } from 'vitest'
import { createGuest } from '../../../../inference-host/residency/guest.ts'
import { createLoss } from '../../../../inference-host/residency/loss.ts'
import { loadedModel, residencyParts, settleIn } from '../../../fixtures/residency/parts.ts'

function setUp(options: Parameters<typeof residencyParts>[0] = {}, healthy = true) {
  const parts = residencyParts(options)
  const { state, around, clock, brought } = parts
  const failed: string[] = []
  const guest = createGuest(state, around, parts.bring)
  const loss = createLoss(state, around, guest, {
    async bring(why) {
      brought.push(why)
    },
    fail: (_, reason) => void failed.push(reason),
  })
  return { ...parts, failed, guest, ...settleIn(state, clock, 25, healthy), ...loss }
}

test('work that was lost shuts the gate at once, and what the model took is remembered', () => {
  const { state, form, shut, loaded } = setUp()
  shut(loaded)
  expect(state.phase).toEqual({ is: 'lost', loaded })
  expect(state.measured.get(form)).toEqual({ host: 25, device: 0 })
  shut(loaded)
  expect(state.setbacks.waitMs()).toBe(0)
})

test('what is said of another model than the one in memory changes nothing', async () => {
  const { state, shut, recover, examine, brought } = setUp()
  const { loaded } = loadedModel()
  shut(loaded)
  await recover(loaded, 'gone')
  await examine(loaded)
  expect([state.phase.is, brought]).toEqual(['resident', []])
})

test('its bytes are free, and it is brought back, at once after its first loss', async () => {
  const { around, guest, state, recover, loaded, brought, events, lines } = setUp()
  await around.room.enter(guest, new AbortController().signal)
  await recover(loaded, 'the driver is gone')
  expect([brought, around.room.used().host, events]).toEqual([['lost'], 0, ['lost']])
  expect(state.trouble).toBe('webgpu was lost: the driver is gone')
  expect(lines).toEqual(['device_lost {"model":"m","device":"webgpu","why":"the driver is gone"}'])
})

test('after its second loss it waits', async () => {
  const { clock, state, recover, loaded, brought } = setUp()
  state.setbacks.lost(0)
  const back = recover(loaded, 'gone')
  await clock.pass(999)
  expect(brought).toEqual([])
  await clock.pass(1)
  await back
  expect(brought).toEqual(['lost'])
})

test('after its third, without another form, it is given up for a time; with one it is brought by that', async () => {
  const alone = setUp()
  const two = setUp({ fallback: true })
  for (const { state, recover, loaded, clock } of [alone, two]) {
    for (const _ of [1, 2]) state.setbacks.lost(0)
    const back = recover(loaded, 'gone')
    await clock.pass(2000)
    await back
  }
  expect([alone.failed, alone.brought]).toEqual([['webgpu was lost: gone'], []])
  expect([two.failed, two.brought]).toEqual([[], ['lost']])
})

test('a failure on a healthy device is nobody’s loss; on another it is, and is examined once', async () => {
  const healthy = setUp()
  await healthy.examine(healthy.loaded)
  expect([healthy.state.phase.is, healthy.engine.closed]).toEqual(['resident', false])

  const sick = setUp({}, false)
  await Promise.all([sick.examine(sick.loaded), sick.examine(sick.loaded)])
  expect([sick.checks.count, sick.engine.closed, sick.brought]).toEqual([1, true, ['lost']])
  expect(sick.state.trouble).toBe('webgpu was lost: device is lost')
})

test('called off while it waits, it is not brought back', async () => {
  const { clock, state, recover, loaded, brought } = setUp()
  state.setbacks.lost(0)
  const back = recover(loaded, 'gone')
  const { phase } = state
  state.phase = { is: 'closed' }
  if (phase.is === 'coming') phase.stop.abort(new Error('the host stops'))
  await back
  await clock.pass(5000)
  expect([brought, state.phase.is]).toEqual([[], 'closed'])
})
