import { describe, expect, it } from 'vitest'
import { LedgerAway } from '../../../edge/ledger/port.ts'
import { createScheduledDrain, type Drains } from '../../../edge/ledger/scheduled.ts'
import { createLog } from '../../../edge/log/json-lines.ts'
import { createLedgerLine } from '../../../local/ledger-line.ts'

type Report = Awaited<ReturnType<Drains['drainEvents']>>

const report = (changes: Partial<Report> = {}, entries = 0): Report => ({
  ...{ recorded: 0, duplicates: 0, buried: 0, ended: 'empty', error: undefined, lagMs: 0, tookMs: 1 },
  backlog: { entries, oldestAt: undefined, deadLetters: 0 },
  ...changes,
})

/** The line that the edge writes of a run, by its own log. */
async function runOf(reports: Partial<Record<keyof Drains, Report>>): Promise<string> {
  const written: string[] = []
  const drains: Drains = {
    drainEvents: async () => reports.drainEvents ?? report(),
    drainActs: async () => reports.drainActs ?? report(),
    drainFeedback: async () => reports.drainFeedback ?? report(),
  }
  const log = createLog({ write: (text) => void written.push(text), tagOf: async () => '' })
  await createScheduledDrain({ drains, now: () => 0, log })()
  return written.join()
}

const eventsLine = (changes: Partial<Report>, entries = 0) => runOf({ drainEvents: report(changes, entries) })

describe("what a terminal shows of the edge's lines", () => {
  it('is a drain that moved something, in words, and no other', async () => {
    const tell = createLedgerLine()
    expect(tell(await eventsLine({}))).toBe(undefined)
    expect(tell(await eventsLine({ recorded: 3 }))).toBe('usage events new in the ledger: 3')
    expect(tell(await eventsLine({ recorded: 3 }))).toBe('usage events new in the ledger: 3')
    expect(tell(await eventsLine({ buried: 1 }))).toBe('usage events new in the ledger: 0; set aside: 1')
    expect(tell(await eventsLine({}))).toBe(undefined)
  })

  it('is a ledger that is away, once for each number that waits', async () => {
    const tell = createLedgerLine()
    const away = async (entries: number) =>
      tell(await eventsLine({ ended: 'ledger_away', error: new LedgerAway('http_0') }, entries))
    expect(await away(2)).toBe('the ledger is away (http_0); usage events that wait in Redis: 2')
    expect(await away(2)).toBe(undefined)
    expect(await away(5)).toContain('wait in Redis: 5')
    expect(tell(await eventsLine({}))).toBe(undefined)
    expect(await away(5)).toContain('wait in Redis: 5')
  })

  it.each([
    ['acts', 'drainActs'],
    ['feedback', 'drainFeedback'],
  ] as const)('is what went wrong with %s alone, too', async (what, drain) => {
    const tell = createLedgerLine()
    expect(tell(await runOf({ [drain]: report({ buried: 2 }) }))).toBe(`${what} set aside: 2`)
    const away = report({ ended: 'ledger_away', error: new LedgerAway('57014') }, 3)
    const text = `the ledger is away (57014); ${what} that wait in Redis: 3`
    expect(tell(await runOf({ [drain]: away }))).toBe(text)
    expect(tell(await runOf({ [drain]: away }))).toBe(undefined)
    expect(tell(await runOf({ [drain]: report({ recorded: 1 }) }))).toBe(undefined)
  })

  it.each([
    'hello',
    '{"level":"info","event":"ledger_drain"',
    '{"event":"other"}',
    '{"level":"info","event":"ledger_drain"}',
  ])('is any other line as it is: %s', (text) => {
    expect(createLedgerLine()(text)).toBe(text)
  })
})
