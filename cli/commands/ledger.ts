import { Command } from 'commander'
import type { DrainReport } from '../../edge/ledger/drain.ts'
import { LedgerAway } from '../../edge/ledger/port.ts'
import { createReconcile, type Difference, gapOf, PROJECT, rebuild } from '../../edge/ledger/reconcile.ts'
import { createDrains } from '../../edge/ledger/scheduled.ts'
import { createSupabaseLedger } from '../../edge/ledger/supabase.ts'
import { createUpstashCounters } from '../../edge/ledger/upstash-counters.ts'
import { TwohopError } from '../../shared/errors.ts'
import { plain } from '../api.ts'
import { type CliContext, CliError } from '../context.ts'
import { textTable } from '../cost/table.ts'
import { edgeCatalog, LEDGER_VARIABLES, REDIS_VARIABLES, readEdgeVariables } from '../edge-variables.ts'

/** `twohop drain`: moves usage events, administrative acts and feedback from Redis to Postgres, as the edge does every minute. */
export function drainCommand({ out, err, signal }: CliContext): Command {
  return new Command('drain')
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action(({ json }: { json: boolean }) =>
      told(async () => {
        // Whoever calls it wants all that is there, also what a run that died has left.
        const { redis, supabase } = stores()
        const drains = createDrains({ redis: { ...redis, takenOverMs: 0 }, supabase, fetch, now: Date.now })
        const tell = (moved: Moved) => err(`${moved.recorded} moved, ${moved.left} left\n`)
        const events = await drainAll(drains.drainEvents, signal, tell)
        const acts = await drainAll(drains.drainActs, signal, tell)
        const feedback = await drainAll(drains.drainFeedback, signal, tell)
        const lines = [line('events', events), line('acts', acts), line('pieces of feedback', feedback)]
        out(json ? `${JSON.stringify({ ...events, acts, feedback })}\n` : lines.join(''))
      }),
    )
}

/** Runs a drain until nothing is left or Ctrl-C is pressed. @throws LedgerAway */
async function drainAll(
  drain: () => Promise<DrainReport>,
  signal: AbortSignal,
  tell: (moved: Moved) => void,
): Promise<Moved> {
  const sum = { recorded: 0, duplicates: 0, buried: 0 }
  for (;;) {
    const { ended, error, backlog, recorded, duplicates, buried } = await drain()
    sum.recorded += recorded
    sum.duplicates += duplicates
    sum.buried += buried
    if (error) throw error
    const result = { ...sum, left: backlog.entries, dead_letters: backlog.deadLetters }
    if (ended === 'empty' || signal.aborted) return result
    tell(result)
  }
}

type Moved = { recorded: number; duplicates: number; buried: number; left: number; dead_letters: number }

function line(what: string, { recorded, duplicates, buried, left, dead_letters }: Moved): string {
  return `${recorded} ${what} moved, ${duplicates} were there already, ${buried} set aside; ${left} left, ${dead_letters} set aside in all.\n`
}

/** `twohop reconcile`: compares the ledger with the budgets' counters, and with `--rebuild` corrects the counters. */
export function reconcileCommand({ out }: CliContext): Command {
  return new Command('reconcile')
    .option('--month <month>', 'a UTC month, such as 2026-11', new Date().toISOString().slice(0, 7))
    .option('--rebuild', 'correct the counters by the ledger, also after Redis lost its data', false)
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action((options: { month: string; rebuild: boolean; json: boolean }) =>
      told(async () => {
        const { month, json } = options
        if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
          throw new CliError('usage', `--month is a month such as 2026-11, not ${plain(month)}.`)
        const { redis, supabase } = stores()
        const counters = createUpstashCounters(redis)
        const ledger = createSupabaseLedger({ ...supabase, fetch })
        const project = projectBudgets()
        const result = await createReconcile({ ledger, counters, project, now: Date.now })(month)
        const rebuilt = options.rebuild ? await rebuild(result.differences, counters) : 0
        out(json ? `${JSON.stringify({ ...result, rebuilt })}\n` : report(result, rebuilt))
        if (result.differences.length > rebuilt)
          throw new CliError('differences', `${result.differences.length} windows do not agree.`)
      }),
    )
}

function report(
  { accounts, windows, differences }: { accounts: number; windows: number; differences: Difference[] },
  rebuilt: number,
) {
  const lines = [
    `${accounts} accounts, ${windows} windows: ${differences.length} differ, ${rebuilt} counters rebuilt.`,
  ]
  if (differences.length > 0) {
    const columns = [
      { title: 'account' },
      { title: 'window' },
      ...['counter', 'ledger', 'on the way', 'roll-up', 'off by'].map((title) => ({ title, right: true })),
    ]
    const rows = differences.map((each) => [
      each.account === PROJECT ? 'the whole project' : plain(each.account),
      each.window,
      String(each.counter ?? '-'),
      String(each.ledger),
      String(each.waiting),
      String(each.rolled),
      String(gapOf(each)),
    ])
    lines.push(...textTable(columns, rows))
  }
  return `${lines.join('\n')}\n`
}

/** Which budgets the project has in the edge's catalog. @throws CliError usage */
function projectBudgets() {
  const { day, month } = edgeCatalog().project?.budgets ?? {}
  return { day: day !== undefined, month: month !== undefined }
}

/** The addresses and keys of Redis and the ledger, from the edge's own variables. @throws CliError usage */
function stores() {
  const read = readEdgeVariables({ ...REDIS_VARIABLES, ...LEDGER_VARIABLES })
  return {
    redis: { url: read.UPSTASH_REDIS_REST_URL, token: read.UPSTASH_REDIS_REST_TOKEN },
    supabase: { url: read.LEDGER_SUPABASE_URL, key: read.LEDGER_SUPABASE_KEY },
  }
}

/** Runs a command and reports a failure of the stores in one line. */
async function told(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (error instanceof LedgerAway) throw new CliError('ledger_away', `${error.message}.`, { cause: error })
    if (error instanceof TwohopError) throw new CliError(error.code, error.message, { cause: error })
    throw error
  }
}
