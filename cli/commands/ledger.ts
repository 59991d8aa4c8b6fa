import { Command } from 'commander'
import { textTable } from '../../cost/table.ts'
import { createDrain } from '../../edge/ledger/drain.ts'
import { LedgerAway } from '../../edge/ledger/port.ts'
import { createReconcile, type Difference, gapOf, rebuild } from '../../edge/ledger/reconcile.ts'
import { createSupabaseLedger } from '../../edge/ledger/supabase.ts'
import { createUpstashStream } from '../../edge/ledger/upstash.ts'
import { createUpstashCounters } from '../../edge/ledger/upstash-counters.ts'
import { TwohopError } from '../../shared/errors.ts'
import { plain } from '../api.ts'
import { type CliContext, CliError } from '../context.ts'

/** `twohop drain`: moves usage events from Redis to Postgres, as the edge does every minute. */
export function drainCommand({ out, err, signal }: CliContext): Command {
  return new Command('drain')
    .description('Move usage events from Redis to the ledger until none is left.')
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action(({ json }: { json: boolean }) =>
      told(async () => {
        const { redis, supabase } = stores()
        const drain = createDrain({
          stream: createUpstashStream(redis),
          ledger: createSupabaseLedger({ ...supabase, fetch }),
          now: Date.now,
        })
        const sum = { recorded: 0, duplicates: 0, buried: 0 }
        for (;;) {
          const { ended, code, backlog, ...moved } = await drain()
          sum.recorded += moved.recorded
          sum.duplicates += moved.duplicates
          sum.buried += moved.buried
          if (ended === 'ledger_away') throw new LedgerAway(code ?? 'unknown')
          if (ended === 'empty' || signal.aborted) {
            const result = { ...sum, left: backlog.entries, dead_letters: backlog.deadLetters }
            out(json ? `${JSON.stringify(result)}\n` : line(result))
            return
          }
          err(`${sum.recorded} moved, ${backlog.entries} left\n`)
        }
      }),
    )
}

type Moved = { recorded: number; duplicates: number; buried: number; left: number; dead_letters: number }

function line({ recorded, duplicates, buried, left, dead_letters }: Moved): string {
  return `${recorded} events moved, ${duplicates} were there already, ${buried} set aside; ${left} left, ${dead_letters} set aside in all.\n`
}

/** `twohop reconcile`: compares the ledger with the budgets' counters, and brings these in line where asked. */
export function reconcileCommand({ out }: CliContext): Command {
  return new Command('reconcile')
    .description("Compare the ledger with the budgets' counters; ends with 1 where they differ.")
    .option('--month <month>', 'a UTC month, such as 2026-11', new Date().toISOString().slice(0, 7))
    .option('--rebuild', 'bring the counters in line with the ledger, also after Redis lost its data', false)
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
        const result = await createReconcile({ ledger, counters, now: Date.now })(month)
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
      plain(each.account),
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

/** Where the edge's own variables say that Redis and the ledger are. @throws CliError usage */
function stores() {
  const names = [
    'UPSTASH_REDIS_REST_URL',
    'UPSTASH_REDIS_REST_TOKEN',
    'LEDGER_SUPABASE_URL',
    'LEDGER_SUPABASE_KEY',
  ]
  const missing = names.filter((name) => !process.env[name])
  if (missing.length > 0) throw new CliError('usage', `Set ${missing.join(', ')}, as for the edge.`)
  const [url = '', token = '', project = '', key = ''] = names.map((name) => process.env[name])
  return { redis: { url, token }, supabase: { url: project, key } }
}

/** Failures of the stores in one line. */
async function told(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (error instanceof LedgerAway) throw new CliError('ledger_away', `${error.message}.`, { cause: error })
    if (error instanceof TwohopError) throw new CliError(error.code, error.message, { cause: error })
    throw error
  }
}
