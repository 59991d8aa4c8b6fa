import { expect, it } from 'vitest'
import type { DrainReport } from '../../../../edge/ledger/drain.ts'
import { createFeedbackAtOnce } from '../../../../edge/ledger/feedback-at-once.ts'
import { LedgerAway } from '../../../../edge/ledger/port.ts'
import { readLog } from '../../../fixtures/log.ts'

const DONE: DrainReport = {
  ...{ recorded: 1, duplicates: 0, buried: 0, lagMs: 0, tookMs: 1 },
  ...{ ended: 'empty', error: undefined, backlog: { entries: 0, oldestAt: undefined, deadLetters: 0 } },
}

async function linesOf(drainFeedback: () => Promise<DrainReport>) {
  const { log, lines } = readLog()
  await createFeedbackAtOnce({ drainFeedback }, log)()
  return lines
}

it('feedback that was moved has no line', async () => {
  expect(await linesOf(async () => DONE)).toEqual([])
})

it('feedback that was set aside is an error, also where the ledger was away then', async () => {
  const error = new LedgerAway('http_0')
  expect(await linesOf(async () => ({ ...DONE, buried: 2 }))).toMatchObject([
    { level: 'error', event: 'feedback_set_aside', buried: 2 },
  ])
  expect(await linesOf(async () => ({ ...DONE, ended: 'ledger_away', error, buried: 1 }))).toMatchObject([
    { level: 'error', event: 'feedback_set_aside', buried: 1 },
    { level: 'warn', event: 'feedback_not_moved', code: 'http_0' },
  ])
})

it('feedback that waits for the ledger or the store is a warning', async () => {
  const error = new LedgerAway('http_0')
  for (const drain of [
    async () => ({ ...DONE, ended: 'ledger_away' as const, error }),
    async () => Promise.reject(error),
  ])
    expect(await linesOf(drain)).toMatchObject([
      { level: 'warn', event: 'feedback_not_moved', code: 'http_0', fault: { class: 'LedgerAway' } },
    ])
})
