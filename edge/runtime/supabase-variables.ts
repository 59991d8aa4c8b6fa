import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'
import { OTLP_VARIABLES } from './otlp.ts'
import { notEmpty, ownNames } from './own-names.ts'
import type { Variable, Variables } from './read-variables.ts'

/** The fewest characters of the secret of scheduled work: 32 random bytes in base64url have 43. */
const MIN_SECRET = 32

/**
 * The variables of the edge as a Supabase function, beside EDGE_VARIABLES. The documentation's table is checked
 * against this.
 */
export const SUPABASE_VARIABLES = {
  SCHEDULE_SECRET: {
    meaning: 'with which `pg_cron` asks for the scheduled work; without it nobody can',
    unit: '32 characters or more',
    fallback: '',
    secret: true,
    schema: z.string().min(MIN_SECRET, `must have at least ${MIN_SECRET} characters`),
  },
  ...OTLP_VARIABLES,
} as const satisfies Record<string, Variable>

/**
 * Defaults within the platform's limits: a function is ended after 150 s on the free plan, and a request may compute for
 * 2 s (supabase.com/docs/guides/functions/limits). A body and an answer together fit.
 */
const DEFAULTS: Variables = { BODY_TIMEOUT_MS: '20000', REQUEST_TIMEOUT_MS: '100000', DRAIN_BATCHES: '10' }

const SecretKeys = z.object({ default: z.string().min(1) })

/**
 * The edge's variables from a function's environment.
 *
 * The platform keeps names that begin with SUPABASE_ for itself (edge/runtime/own-names.ts). The project in which the
 * function runs needs no variables: its users are let in, and its secret key, which the platform gives to every function,
 * administers them and writes the ledger, where LEDGER_SUPABASE_URL names that project.
 */
export function fromSupabase(environment: Variables): Variables {
  // On `supabase start` it is an address inside a network of containers, which no token names as its issuer.
  const project = environment.SUPABASE_URL?.startsWith('https://') ? environment.SUPABASE_URL : undefined
  const own = ownNames(environment, 'SUPABASE_')
  const urls = own.SUPABASE_URLS ?? project
  const key = project && secretKeyOf(environment)
  const isProject = (url: string | undefined) => project !== undefined && originOf(url) === originOf(project)
  const variables = {
    ...DEFAULTS,
    ...notEmpty(environment),
    ...own,
    SUPABASE_URLS: urls,
  }
  if (key === undefined) return variables
  return {
    ...variables,
    ...(urls?.split(',').some(isProject) && {
      SUPABASE_SERVICE_KEYS: own.SUPABASE_SERVICE_KEYS ?? JSON.stringify({ [originOf(project)]: key }),
    }),
    ...(isProject(environment.LEDGER_SUPABASE_URL) && {
      LEDGER_SUPABASE_KEY: environment.LEDGER_SUPABASE_KEY || key,
    }),
  }
}

/** The project's secret key: a new one, or the legacy one of the service role. */
function secretKeyOf({
  SUPABASE_SECRET_KEYS = '',
  SUPABASE_SERVICE_ROLE_KEY,
}: Variables): string | undefined {
  const { data } = SecretKeys.safeParse(parseJson(SUPABASE_SECRET_KEYS))
  return data?.default ?? (SUPABASE_SERVICE_ROLE_KEY || undefined)
}

const originOf = (url = '') => URL.parse(url.trim())?.origin ?? ''
