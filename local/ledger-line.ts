import * as z from 'zod'

/** The parts of the edge's log line about a drain (edge/ledger/scheduled.ts) that are shown here. */
const DrainLine = z.object({
  event: z.literal('ledger_drain'),
  ended: z.string(),
  code: z.string().optional(),
  recorded: z.number(),
  buried: z.number(),
  backlog: z.number(),
})

/**
 * Builds the function that rewrites the edge's log lines for a terminal. A drain becomes a sentence if it moved
 * something or failed. It is left out (undefined) if it found nothing or repeats the last line. Other lines stay as
 * they are.
 */
export function createLedgerLine() {
  let last = ''
  return function ledgerLine(line: string): string | undefined {
    const told = drainOf(line)
    if (!told) return line
    const { ended, code, recorded, buried, backlog } = told
    const text =
      ended === 'ledger_away'
        ? `the ledger is away (${code}); usage events that wait in Redis: ${backlog}`
        : recorded + buried > 0
          ? `usage events new in the ledger: ${recorded}${buried > 0 ? `; set aside: ${buried}` : ''}`
          : ''
    const again = text === last && ended === 'ledger_away'
    last = text
    return text === '' || again ? undefined : text
  }
}

function drainOf(line: string): z.infer<typeof DrainLine> | undefined {
  if (!/^\{("mode":"emulators",)?"level":"(info|warn|error)","event":"ledger_drain".*\}$/.test(line))
    return undefined
  return DrainLine.safeParse(JSON.parse(line)).data
}
