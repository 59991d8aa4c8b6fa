import { Command } from 'commander'
import { readVariables } from '../../edge/runtime/read-variables.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import defaultCatalog from '../../shared/catalog.json' with { type: 'json' }
import { Catalog } from '../../shared/catalog.ts'
import { plain } from '../api.ts'
import { type CliContext, CliError } from '../context.ts'
import { clockFindings } from '../doctor/clock-findings.ts'
import { edgeFindings } from '../doctor/edge-findings.ts'
import type { Finding } from '../doctor/finding.ts'
import { hostFindings } from '../doctor/host-findings.ts'
import { issuerFindings } from '../doctor/issuer-findings.ts'
import { modelFindings } from '../doctor/model-findings.ts'
import { settingsFindings } from '../doctor/settings-findings.ts'
import { ledgerFindings, redisFindings } from '../doctor/store-findings.ts'
import { type Target, targetOf } from '../doctor/target.ts'
import { REDIS_VARIABLES } from '../edge-variables.ts'

type Options = { edgeUrl?: string; envFile: string[]; manifest?: string; stack?: string; json: boolean }

const EXAMPLES = `
Environment:
  TWOHOP_TOKEN  a user's token or API key: with it and --edge-url, one token of a real answer is asked for
  Without --env-file, the edge's own variables; without these either, a running npm start is looked at.

Examples:
  npx twohop doctor
  npx twohop doctor --edge-url https://twohop.example.workers.dev --env-file wrangler.toml --env-file .env.secrets --env-file .env.host
  npx twohop doctor --env-file .env.edge --manifest inference-host/my-models.json --json`

const collect = (value: string, values: string[]) => [...values, value]

/** `twohop doctor`: whether what a deployment promises is there. */
export function doctorCommand({ out }: CliContext): Command {
  return new Command('doctor')
    .option('--edge-url <url>', 'where clients reach the edge')
    .option(
      '--env-file <file>',
      "file with the edge's or the host's variables, or wrangler.toml (repeatable)",
      collect,
      [],
    )
    .option('--manifest <file>', "the host's manifest of models, to check them and the catalog")
    .option('--stack <file>', 'the file of a stack that npm start runs')
    .option('--json', 'print JSON', false)
    .allowExcessArguments(false)
    .addHelpText('after', EXAMPLES)
    .action(async ({ json, ...options }: Options) => {
      const findings = await examine(await targetOf(options))
      out(json ? `${JSON.stringify(findings)}\n` : findings.flatMap(linesOf).join(''))
      const sick = findings.filter(({ ok }) => !ok).length
      if (sick > 0) throw new CliError('failed', `${sick} of ${findings.length} checks failed.`)
    })
}

function linesOf({ check, ok, detail, warns, mend = [] }: Finding): string[] {
  const level = ok ? (warns ? 'warn' : 'ok  ') : 'FAIL'
  return [`${level} ${plain(check)}: ${plain(detail)}\n`, ...mend.map((line) => `       ${plain(line)}\n`)]
}

async function examine(target: Target): Promise<Finding[]> {
  const { variables, whole, edgeUrl, token, manifestFile, modelsDir } = target
  const read = known(target)
  const catalog = read.CATALOG ?? Catalog.parse(defaultCatalog)
  const now = Date.now
  const [edge, host, redis, ledger, issuers, models] = await Promise.all([
    edgeUrl === undefined ? undefined : edgeFindings({ url: edgeUrl, token, catalog: read.CATALOG }),
    read.HOST_URL === undefined
      ? undefined
      : hostFindings({
          url: read.HOST_URL,
          privateKey: read.SERVICE_TOKEN_PRIVATE_KEY,
          headers: read.HOST_HEADERS,
          now,
        }),
    read.UPSTASH_REDIS_REST_URL === undefined || read.UPSTASH_REDIS_REST_TOKEN === undefined
      ? undefined
      : redisFindings({
          url: read.UPSTASH_REDIS_REST_URL,
          token: read.UPSTASH_REDIS_REST_TOKEN,
          catalog,
          eventsMost: read.LEDGER_SUPABASE_URL ? read.EVENTS_MOST : undefined,
          now,
        }),
    read.LEDGER_SUPABASE_URL === undefined || read.LEDGER_SUPABASE_KEY === undefined
      ? undefined
      : ledgerFindings({ url: read.LEDGER_SUPABASE_URL, key: read.LEDGER_SUPABASE_KEY, now }),
    issuerFindings({
      firebaseJwksUrl: read.FIREBASE_PROJECT_IDS === undefined ? undefined : read.FIREBASE_JWKS_URL,
      supabaseUrls: read.SUPABASE_URLS ?? [],
      withSecret: new Set(Object.keys(read.SUPABASE_JWT_SECRETS ?? {})),
    }),
    manifestFile === undefined ? [] : modelFindings({ manifestFile, modelsDir, catalog }),
  ])
  const clocks = new Map(
    Object.entries({ edge, host, redis, postgres: ledger }).flatMap(([name, part]) =>
      part?.aheadMs === undefined ? [] : [[name, part.aheadMs] as const],
    ),
  )
  return [
    ...(whole ? settingsFindings(variables) : []),
    ...[edge, host, redis, ledger].flatMap((part) => part?.findings ?? []),
    ...clockFindings(clocks),
    ...issuers,
    ...models,
  ]
}

/**
 * The values of the variables that are set. A whole configuration is judged by its findings, so what is wrong in it is
 * left out here.
 * @throws CliError usage where something is wrong, or nothing is there to look at
 */
function known({ variables, whole, edgeUrl, manifestFile }: Target) {
  const { values, complaints } = readVariables(EDGE_VARIABLES, variables)
  const wrong = complaints.filter(({ code }) => code === 'wrong')
  const nothing = edgeUrl === undefined && manifestFile === undefined && values.HOST_URL === undefined
  const unset = readVariables(REDIS_VARIABLES, variables).complaints.filter(({ code }) => code === 'missing')
  const needed = nothing && !whole ? unset : []
  if (!whole && wrong.length + needed.length > 0)
    throw new CliError(
      'usage',
      `Set these as for the edge: ${[...needed, ...wrong].join('; ')}.${needed.length > 0 ? '\nOr start a stack here: a running npm start is looked at.' : ''}`,
    )
  return values
}
