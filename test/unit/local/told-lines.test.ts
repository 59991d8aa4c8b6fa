import { expect, it } from 'vitest'
import { createToldLines } from '../../../local/told-lines.ts'

const DRAIN = { level: 'info', event: 'ledger_drain', ended: 'empty', recorded: 2, buried: 0, backlog: 0 }
const LINES: [part: string, line: string][] = [
  ['edge', JSON.stringify(DRAIN)],
  ['edge', '{"level":"info","event":"request","status":200}'],
  ['edge', `{"mode":"emulators",${JSON.stringify(DRAIN).slice(1)}`],
  ['edge', '{"mode":"emulators","level":"info","event":"listening"}'],
  ['edge', '{"level":"error","event":"crashed"}'],
  ['edge', 'workerd: fatal'],
  ['host', 'memory host_mb=19285 device_mb=unknown'],
  ['host', 'crashed kind=Error'],
  ['postgres', 'up as process 1234'],
  ['postgres', 'could not start'],
]
const told = (verbose: boolean) => {
  const line = createToldLines(verbose)
  return LINES.map(([part, text]) => line(part, text))
}

it('tells what was charged and what went wrong, and the rest only when asked', () => {
  const charged = 'usage events new in the ledger: 2'
  expect(told(false)).toEqual([
    ...[charged, undefined, charged, undefined, LINES[4]?.[1], LINES[5]?.[1]],
    ...[undefined, LINES[7]?.[1], undefined, LINES[9]?.[1]],
  ])
  expect(told(true)).toEqual([charged, LINES[1]?.[1], charged, ...LINES.slice(3).map(([, line]) => line)])
})
