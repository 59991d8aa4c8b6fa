import { expect, it } from 'vitest'
import { createKeepWithin } from '../../../../edge/ledger/keep-within.ts'
import type { WebhookEvent } from '../../../../edge/notify/webhook.ts'
import { readLog } from '../../../fixtures/log.ts'

/** Streams in memory that take off two of each at a time. */
function world(events: number, acts: number, hasLedger = true) {
  const { log, lines } = readLog()
  const told: WebhookEvent[] = []
  const there = { events, acts }
  const clock = { now: Date.UTC(2026, 10, 21, 10) }
  const keepWithin = createKeepWithin({
    streams: {
      async trim(most) {
        const rolledUp = Math.min(2, Math.max(0, there.events - most.events))
        const dropped = Math.min(2, Math.max(0, there.acts - most.acts))
        there.events -= rolledUp
        there.acts -= dropped
        return { ...there, rolledUp, dropped }
      },
    },
    most: { events: 10, acts: 6 },
    hasLedger,
    tell: async (event) => told.push(event),
    log,
    now: () => clock.now,
  })
  return { keepWithin, lines, told, there, clock }
}

it('says nothing below half of a bound', async () => {
  const { keepWithin, lines, told } = world(4, 2)
  await keepWithin()
  expect([lines, told]).toEqual([[], []])
})

it('warns from half on, each time in the log and once a day by webhook', async () => {
  const { keepWithin, lines, told, clock } = world(5, 3)
  await keepWithin()
  await keepWithin()
  expect(lines.map(({ level, event, what, entries, most }) => [level, event, what, entries, most])).toEqual([
    ['warn', 'stream_near_bound', 'events', 5, 10],
    ['warn', 'stream_near_bound', 'acts', 3, 6],
    ['warn', 'stream_near_bound', 'events', 5, 10],
    ['warn', 'stream_near_bound', 'acts', 3, 6],
  ])
  expect(told.map(({ id, type }) => [id, type])).toEqual([
    ['stream_near_bound_events_2026-11-21', 'stream.near_bound'],
    ['stream_near_bound_acts_2026-11-21', 'stream.near_bound'],
  ])
  clock.now += 86_400_000
  await keepWithin()
  expect(told).toHaveLength(4)
})

it('takes off all that is above, and says so as an error', async () => {
  const { keepWithin, lines, told, there } = world(17, 9)
  await keepWithin()
  expect(there).toEqual({ events: 10, acts: 6 })
  expect(lines.map(({ level, what, taken_off }) => [level, what, taken_off])).toEqual([
    ['error', 'events', 7],
    ['error', 'acts', 3],
  ])
  expect(told[0]).toMatchObject({ data: { what: 'events', entries: 10, most: 10, taken_off: 7 } })
})

it('rolls up events without a ledger as a matter of course', async () => {
  const { keepWithin, lines, there } = world(17, 0, false)
  await keepWithin()
  expect([there.events, lines]).toEqual([10, []])
})
