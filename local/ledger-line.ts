import * as z from 'zod'

/** What a drain's report says that is shown here. */
const Drained = z.object({
  ended: z.string(),
  code: z.string().optional(),
  recorded: z.number(),
  buried: z.number(),
  backlog: z.number(),
})

/** The parts of the edge's log line about a drain (edge/ledger/scheduled.ts) that are shown here. */
const DrainLine = Drained.extend({
  event: z.literal('ledger_drain'),
  acts: Drained.optional(),
  feedback: Drained.optional(),
})

/**
 * Builds the function that rewrites the edge's log lines for a terminal. A drain becomes a sentence if it moved usage
 * events, set anything aside or failed. It is left out (undefined) if it did none of these or repeats the last line.
 * Other lines stay as they are.
 */
export function createLedgerLine() {
  let last = ''
  return function ledgerLine(line: string): string | undefined {
    const told = drainOf(line)
    if (!told) return line
    const { acts, feedback, recorded, buried } = told
    const away = [awayOf('usage events', told), awayOf('acts', acts), awayOf('feedback', feedback)]
    const text = [
      recorded + buried > 0 &&
        `usage events new in the ledger: ${recorded}${buried > 0 ? `; set aside: ${buried}` : ''}`,
      acts && acts.buried > 0 && `acts set aside: ${acts.buried}`,
      feedback && feedback.buried > 0 && `feedback set aside: ${feedback.buried}`,
      ...away,
    ]
      .filter(Boolean)
      .join('; ')
    const again = text === last && away.some(Boolean)
    last = text
    return text === '' || again ? undefined : text
  }
}

function awayOf(what: string, drained: z.infer<typeof Drained> | undefined): string | undefined {
  if (drained?.ended !== 'ledger_away') return undefined
  return `the ledger is away (${drained.code}); ${what} that wait in Redis: ${drained.backlog}`
}

function drainOf(line: string): z.infer<typeof DrainLine> | undefined {
  if (!/^\{("mode":"emulators",)?"level":"(info|warn|error)","event":"ledger_drain".*\}$/.test(line))
    return undefined
  return DrainLine.safeParse(JSON.parse(line)).data
}
