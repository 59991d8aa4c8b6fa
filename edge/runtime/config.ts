import defaultCatalog from '../../shared/catalog.json' with { type: 'json' }
import { Catalog } from '../../shared/catalog.ts'
import { isLoopbackUrl } from '../../shared/foreign-url.ts'
import { issuersOf } from '../identity/config.ts'
import { Complaint } from './complaint.ts'
import { NotConfigured } from './not-configured.ts'
import { readVariables, type Values, type Variables } from './read-variables.ts'
import { upstreamKeys } from './upstream-keys.ts'
import { EDGE_VARIABLES } from './variables.ts'

type Read = Values<typeof EDGE_VARIABLES>
type Name = keyof Read

/** The rule that a value breaks, and where within it. */
type Broken = string | { within: string; rule: string }
/** A rule about several variables together: their names, and what is wrong with the first, if anything. */
type Rule = { of: readonly [Name, ...Name[]]; wrong: (values: Read) => Broken | undefined }

const RULES: readonly Rule[] = [
  ...(['ANONYMOUS_PLAN', 'UNVERIFIED_EMAIL_PLAN'] as const).map(
    (name): Rule => ({
      of: [name, 'CATALOG'],
      wrong(values) {
        const plan = values[name]
        const known = plan === undefined || catalogOf(values).plans.some(({ id }) => id === plan)
        return known ? undefined : 'names no plan of the catalog'
      },
    }),
  ),
  {
    of: ['CATALOG', 'UPSTREAM_LOOPBACK'],
    wrong(values) {
      if (values.UPSTREAM_LOOPBACK === 'on') return undefined
      const { upstreams = [] } = catalogOf(values)
      const local = upstreams.findIndex(
        (one) =>
          one.kind !== 'own' &&
          [one.url, ...('stream_url' in one && one.stream_url ? [one.stream_url] : [])].some(isLoopbackUrl),
      )
      return local < 0
        ? undefined
        : {
            within: `.upstreams.${local}.url`,
            rule: 'leads to this machine, which UPSTREAM_LOOPBACK=on allows for development',
          }
    },
  },
  {
    of: ['WEBHOOK_URL', 'WEBHOOK_SECRET'],
    wrong: ({ WEBHOOK_URL, WEBHOOK_SECRET }) =>
      WEBHOOK_URL && !WEBHOOK_SECRET ? 'needs WEBHOOK_SECRET, which signs what is sent' : undefined,
  },
  {
    of: ['LEDGER_SUPABASE_URL', 'LEDGER_SUPABASE_KEY'],
    wrong: ({ LEDGER_SUPABASE_URL, LEDGER_SUPABASE_KEY }) =>
      LEDGER_SUPABASE_URL && !LEDGER_SUPABASE_KEY
        ? "needs LEDGER_SUPABASE_KEY, the project's secret key"
        : undefined,
  },
  {
    of: ['JOB_RESULTS', 'LEDGER_SUPABASE_URL'],
    wrong: ({ JOB_RESULTS, LEDGER_SUPABASE_URL }) =>
      JOB_RESULTS === 'ledger' && !LEDGER_SUPABASE_URL
        ? 'ledger needs LEDGER_SUPABASE_URL, where they are kept'
        : undefined,
  },
]
const OF_ISSUERS = [
  'FIREBASE_PROJECT_IDS',
  'FIREBASE_JWKS_URL',
  'SUPABASE_URLS',
  'SUPABASE_JWT_SECRETS',
  'CLAIMS_OBJECT',
  'CLAIM_NAMES',
  'ADMINISTERS',
] as const

/**
 * The edge's configuration, read by the table EDGE_VARIABLES.
 * @throws NotConfigured that names every bad variable and the rule that it breaks, and shows nothing of its value
 */
export function edgeConfig(variables: Variables) {
  const { values, complaints } = readVariables(EDGE_VARIABLES, variables)
  const isComplete = (names: readonly Name[]) => names.every((name) => name in values)
  for (const { of, wrong } of RULES) {
    const broken = isComplete(of) ? wrong(values as Read) : undefined
    if (typeof broken === 'string') complaints.push(new Complaint('wrong', of[0], broken))
    else if (broken) complaints.push(new Complaint('wrong', of[0], broken.rule, broken.within))
  }
  const keys = isComplete(['CATALOG'])
    ? upstreamKeys(catalogOf(values as Read).upstreams ?? [], variables)
    : []
  if ('wrong' in keys) complaints.push(...keys.wrong)
  const issuers = isComplete(OF_ISSUERS) ? issuersOf(values as Read) : []
  if ('wrong' in issuers)
    complaints.push(new Complaint('wrong', issuers.variable, issuers.wrong, issuers.within))
  if ('wrong' in keys || 'wrong' in issuers || complaints.length > 0) throw new NotConfigured(complaints)
  const read = values as Read
  const { WEBHOOK_URL, WEBHOOK_SECRET, LEDGER_SUPABASE_URL, LEDGER_SUPABASE_KEY } = read
  return {
    ...read,
    allowedOrigins: read.ALLOWED_ORIGINS ?? new Set<string>(),
    catalog: catalogOf(read),
    upstreamKeys: new Map(keys),
    issuers,
    webhook: WEBHOOK_URL && WEBHOOK_SECRET ? { url: WEBHOOK_URL, secret: WEBHOOK_SECRET } : undefined,
    ledger:
      LEDGER_SUPABASE_URL && LEDGER_SUPABASE_KEY
        ? { url: LEDGER_SUPABASE_URL, key: LEDGER_SUPABASE_KEY }
        : undefined,
  }
}

const catalogOf = ({ CATALOG }: Pick<Read, 'CATALOG'>): Catalog => CATALOG ?? Catalog.parse(defaultCatalog)
