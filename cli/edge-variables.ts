import { readVariables, type Values, type Variable } from '../edge/runtime/read-variables.ts'
import { EDGE_VARIABLES } from '../edge/runtime/variables.ts'
import defaultCatalog from '../shared/catalog.json' with { type: 'json' }
import { Catalog } from '../shared/catalog.ts'
import { CliError } from './context.ts'
import { localStackHint } from './local-stack.ts'

/**
 * Some of the edge's variables, from this environment and by the edge's own rules.
 * @throws CliError usage, which names every bad variable and shows no secret
 */
export function readEdgeVariables<Table extends Record<string, Variable>>(table: Table): Values<Table> {
  const { values, complaints } = readVariables(table, process.env)
  if (complaints.length > 0) {
    const missing = complaints.filter(({ code }) => code === 'missing').map(({ variable }) => variable)
    const hint = localStackHint(missing)
    throw new CliError('usage', `Set these as for the edge: ${complaints.join('; ')}.${hint}`)
  }
  // Each variable without a complaint has its value.
  return values as Values<Table>
}

const { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN } = EDGE_VARIABLES
export const REDIS_VARIABLES = { UPSTASH_REDIS_REST_URL, UPSTASH_REDIS_REST_TOKEN }

const { ANONYMOUS_PLAN, UNVERIFIED_EMAIL_PLAN } = EDGE_VARIABLES
/** Those that name a plan, which every catalog must have. */
export const PLAN_VARIABLES = { ANONYMOUS_PLAN, UNVERIFIED_EMAIL_PLAN }

const { LEDGER_SUPABASE_URL, LEDGER_SUPABASE_KEY } = EDGE_VARIABLES
/** The ledger's, which the edge can do without. */
export const LEDGER_VARIABLES = {
  LEDGER_SUPABASE_URL: {
    ...LEDGER_SUPABASE_URL,
    fallback: undefined,
    put: 'the URL of the project that keeps the ledger',
  },
  LEDGER_SUPABASE_KEY: { ...LEDGER_SUPABASE_KEY, fallback: undefined, put: 'its secret key' },
}

/** The edge's catalog. @throws CliError usage */
export function edgeCatalog(): Catalog {
  const { CATALOG } = readEdgeVariables({ CATALOG: EDGE_VARIABLES.CATALOG })
  return CATALOG ?? Catalog.parse(defaultCatalog)
}
