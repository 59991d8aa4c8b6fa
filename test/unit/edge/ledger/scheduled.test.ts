import { expect, it } from 'vitest'
import type { DrainReport } from '../../../../edge/ledger/drain.ts'
import { LedgerAway } from '../../../../edge/ledger/port.ts'
import { createScheduledDrain, type Drains } from '../../../../edge/ledger/scheduled.ts'
import { readLog } from '../../../fixtures/log.ts'

const DONE: DrainReport = {
  ...{ recorded: 1, duplicates: 0, buried: 0, lagMs: 0, tookMs: 1 },
  ...{ ended: 'empty', error: undefined, backlog: { entries: 0, oldestAt: undefined, deadLetters: 0 } },
}
const away: DrainReport = {
  ...DONE,
  ended: 'ledger_away',
  error: new LedgerAway('http_0', new TypeError('a-canary', { cause: new Error('a-canary') })),
}

/** The line of a run whose drains end so, at midnight, when all of them run. */
async function lineOf(reports: Partial<Record<keyof Drains, DrainReport>>) {
  const { log, lines } = readLog()
  const drains: Drains = {
    drainEvents: async () => reports.drainEvents ?? DONE,
    drainActs: async () => reports.drainActs ?? DONE,
    drainFeedback: async () => reports.drainFeedback ?? DONE,
  }
  await createScheduledDrain({ drains, now: () => 0, log })()
  expect(lines).toHaveLength(1)
  expect(JSON.stringify(lines)).not.toContain('a-canary')
  return lines[0]
}

it('a run that moved what there was is a metric', async () => {
  expect(await lineOf({})).toMatchObject({ level: 'info', event: 'ledger_drain', recorded: 1 })
  expect(await lineOf({})).not.toHaveProperty('fault')
})

it.each(['drainEvents', 'drainActs', 'drainFeedback'] as const)(
  'one that found no ledger warns, with the fault and its causes: %s',
  async (drain) => {
    const line = await lineOf({ [drain]: away })
    expect(line).toMatchObject({
      level: 'warn',
      event: 'ledger_drain',
      code: 'http_0',
      fault: {
        class: 'LedgerAway',
        code: 'http_0',
        cause: { class: 'TypeError', cause: { class: 'Error' } },
      },
    })
    expect(line).toHaveProperty('fault.stack')
  },
)

it.each(['drainEvents', 'drainActs', 'drainFeedback'] as const)(
  'one that set something aside is an error: %s',
  async (drain) => {
    expect(await lineOf({ [drain]: { ...DONE, buried: 1 } })).toMatchObject({ level: 'error' })
    expect(await lineOf({ [drain]: { ...away, buried: 1 } })).toMatchObject({ level: 'error' })
  },
)
