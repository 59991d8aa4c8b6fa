import { Command } from 'commander'
import { ACTS_MOST } from '../../edge/ledger/bounds.ts'
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
      const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = process.env
      if (!url || !token)
        throw new CliError(
          'usage',
          'Set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, as for the edge.',
        )
      const catalog = catalogOf(process.env.CATALOG)
      const state = await readStoreState({ url, token, timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
        if (error instanceof TwohopError) throw new CliError(error.code, error.message, { cause: error })
        throw error
      })
      const findings = findingsOf({ catalog, state, most: mostOf(process.env), now: Date.now() })
      const lines = findings.map(
        ({ check, ok, detail }) => `${ok ? 'ok  ' : 'ILL '} ${plain(check)}: ${detail}\n`,
      )
      out(json ? `${JSON.stringify(findings)}\n` : lines.join(''))
      const ill = findings.filter(({ ok }) => !ok).length
      if (ill > 0) throw new CliError('ill', `${ill} of ${findings.length} checks failed.`)
    })
}

/** The bounds of the streams, from the edge's own variables. */
function mostOf({ LEDGER_SUPABASE_URL, EVENTS_MOST }: NodeJS.ProcessEnv) {
  const events = EVENTS_MOST ? Number(EVENTS_MOST) : Number(EDGE_VARIABLES.EVENTS_MOST.fallback)
  return { events: LEDGER_SUPABASE_URL ? events : undefined, acts: ACTS_MOST }
}

/** @throws CliError usage */
function catalogOf(text: string | undefined): Catalog {
  try {
    return Catalog.parse(text ? JSON.parse(text) : defaultCatalog)
  } catch (cause) {
    throw new CliError('usage', 'CATALOG must be as for the edge.', { cause })
  }
}
