import { describe, expect, it } from 'vitest'
import { LedgerAway } from '../../../edge/ledger/port.ts'
import { drainDetail } from '../../../edge/ledger/scheduled.ts'
import { createLedgerLine } from '../../../local/ledger-line.ts'

type Report = Parameters<typeof drainDetail>[0]

const line = (changes: Partial<Report>, entries = 0, level = 'info') =>
  JSON.stringify({
    level,
    event: 'ledger_drain',
    ...drainDetail(
      {
        ...{ recorded: 0, duplicates: 0, buried: 0, ended: 'empty', error: undefined, lagMs: 0, tookMs: 1 },
        backlog: { entries, oldestAt: undefined, deadLetters: 0 },
        ...changes,
      },
      undefined,
    ),
  })

describe("what a terminal shows of the edge's lines", () => {
  it('is a drain that moved something, in words, and no other', () => {
    const tell = createLedgerLine()
    expect(tell(line({}))).toBe(undefined)
    expect(tell(line({ recorded: 3 }))).toBe('usage events new in the ledger: 3')
    expect(tell(line({ recorded: 3 }))).toBe('usage events new in the ledger: 3')
    expect(tell(line({ buried: 1 }, 0, 'error'))).toBe('usage events new in the ledger: 0; set aside: 1')
    expect(tell(line({}))).toBe(undefined)
  })

  it('is a ledger that is away, once for each number that waits', () => {
    const tell = createLedgerLine()
    const away = (entries: number) =>
      tell(line({ ended: 'ledger_away', error: new LedgerAway('http_0') }, entries, 'warn'))
    expect(away(2)).toBe('the ledger is away (http_0); usage events that wait in Redis: 2')
    expect(away(2)).toBe(undefined)
    expect(away(5)).toContain('wait in Redis: 5')
    expect(tell(line({}))).toBe(undefined)
    expect(away(5)).toContain('wait in Redis: 5')
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
