import { Command } from 'commander'
import { ACTS_MOST } from '../../edge/ledger/bounds.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import { TwohopError } from '../../shared/errors.ts'
import { plain } from '../api.ts'
import { type CliContext, CliError } from '../context.ts'
import { findingsOf } from '../doctor/findings.ts'
import { readStoreState } from '../doctor/upstash-state.ts'
import { edgeCatalog, REDIS_VARIABLES, readEdgeVariables } from '../edge-variables.ts'

/** Milliseconds in which Redis must answer. */
const TIMEOUT_MS = 10_000

/** `twohop doctor`: whether what a deployment promises is there. */
export function doctorCommand({ out }: CliContext): Command {
  return new Command('doctor')
    .description(
      'Check a deployment: Redis, jobs that some host takes, and what waits; exit code 1 where it is ill.',
    )
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .action(async ({ json }: { json: boolean }) => {
      const { url, token, catalog, most } = settings()
      const state = await readStoreState({ url, token, timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
        if (error instanceof TwohopError) throw new CliError(error.code, error.message, { cause: error })
        throw error
      })
      const findings = findingsOf({ catalog, state, most, now: Date.now() })
      const lines = findings.map(
        ({ check, ok, detail }) => `${ok ? 'ok  ' : 'ILL '} ${plain(check)}: ${detail}\n`,
      )
      out(json ? `${JSON.stringify(findings)}\n` : lines.join(''))
      const ill = findings.filter(({ ok }) => !ok).length
      if (ill > 0) throw new CliError('ill', `${ill} of ${findings.length} checks failed.`)
    })
}

/** What the checks need of the edge's own variables. @throws CliError usage */
function settings() {
  const { LEDGER_SUPABASE_URL, EVENTS_MOST } = EDGE_VARIABLES
  const read = readEdgeVariables({ ...REDIS_VARIABLES, LEDGER_SUPABASE_URL, EVENTS_MOST })
  return {
    url: read.UPSTASH_REDIS_REST_URL,
    token: read.UPSTASH_REDIS_REST_TOKEN,
    catalog: edgeCatalog(),
    most: { events: read.LEDGER_SUPABASE_URL ? read.EVENTS_MOST : undefined, acts: ACTS_MOST },
  }
}
