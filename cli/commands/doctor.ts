import { Command } from 'commander'
import { ACTS_MOST } from '../../edge/ledger/bounds.ts'
import { readVariables } from '../../edge/runtime/read-variables.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import defaultCatalog from '../../shared/catalog.json' with { type: 'json' }
import { Catalog } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { plain } from '../api.ts'
import { type CliContext, CliError } from '../context.ts'
import { findingsOf } from '../doctor/findings.ts'
import { readStoreState } from '../doctor/upstash-state.ts'

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

/** The edge's own variables that a check needs. */
function settings() {
  const { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN, CATALOG, LEDGER_SUPABASE_URL, EVENTS_MOST } =
    EDGE_VARIABLES
  const table = {
    ...{ UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN },
    ...{ CATALOG, LEDGER_SUPABASE_URL, EVENTS_MOST },
  }
  const { values, complaints } = readVariables(table, process.env)
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = values
  if (complaints.length > 0 || url === undefined || token === undefined)
    throw new CliError('usage', `Set these as for the edge: ${complaints.join('; ')}.`)
  return {
    url,
    token,
    catalog: values.CATALOG ?? Catalog.parse(defaultCatalog),
    most: { events: values.LEDGER_SUPABASE_URL ? values.EVENTS_MOST : undefined, acts: ACTS_MOST },
  }
}
