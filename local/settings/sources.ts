import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { NODE_VARIABLES } from '../../edge/runtime/node-variables.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import { plainWords } from '../../shared/plain-words.ts'
import { UPSTREAM_KEY } from '../../shared/upstreams.ts'
import { importDefault } from './config-module.ts'
import { whyNotHere } from './elsewhere.ts'
import { type ReadConfig, StartConfig } from './schema.ts'

/** Settings, and how a complaint about one of their fields begins. */
export type Source = { settings: ReadConfig; named: (field: string) => string }

export const CONFIG_FILE = 'twohop.config.ts'
export const ENV_FILE = '.env'

/** What the stack sets itself: a stack on one machine keeps its own Redis, host, keys and ledger. */
const OF_THE_STACK: ReadonlySet<string> = new Set([
  ...['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN', 'LEDGER_SUPABASE_URL', 'LEDGER_SUPABASE_KEY'],
  ...['HOST_URL', 'HOSTS', 'HOST_HEADERS', 'HOST_GOOGLE_ACCOUNT'],
  ...['SERVICE_TOKEN_PRIVATE_KEY', 'API_KEY_SECRETS'],
])
/** What acts on a project of yours beyond this machine. A file that other tools read does not turn it on. */
const ACTS_ELSEWHERE: ReadonlySet<string> = new Set([
  ...['FIREBASE_ADMIN_URL', 'FIREBASE_SERVICE_ACCOUNTS', 'SUPABASE_SERVICE_KEYS'],
  ...['WEBHOOK_URL', 'WEBHOOK_SECRET'],
])
const KNOWN: ReadonlySet<string> = new Set([...Object.keys(EDGE_VARIABLES), 'EDGE_EMULATORS'])
const isKnown = (name: string) => KNOWN.has(name) || UPSTREAM_KEY.test(name)

/**
 * The settings of an object as it was written.
 * @throws Error of one line for each field that does not fit, which names it and the rule
 */
export function sourceOf(written: unknown, named: Source['named']): Source {
  const { data, error } = StartConfig.safeParse(written, { error: plainWords })
  if (error) throw new Error(error.issues.map(({ path, message }) => said(named, path, message)).join('\n'))
  for (const name of Object.keys(data.edge ?? {})) {
    if (!isKnown(name)) throw new Error(`${named(`edge.${name}`)} ${whyNotHere(name)}`)
    if (OF_THE_STACK.has(name))
      throw new Error(`${named(`edge.${name}`)} is set by npm start itself, to a part of its own.`)
  }
  return { settings: data, named }
}

const said = (named: Source['named'], path: PropertyKey[], message: string) =>
  path.length === 0 ? `${named('')} ${message}` : `${named(path.join('.'))} ${message}`

/** `twohop.config.ts` of a folder; undefined where there is none. @throws Error of one line */
export async function configFile(folder: string): Promise<Source | undefined> {
  const path = join(folder, CONFIG_FILE)
  if (!existsSync(path)) return undefined
  const named = (field: string) => (field === '' ? `${CONFIG_FILE}:` : `${CONFIG_FILE}: ${field}`)
  const written = await importDefault(path).catch((error: Error) => {
    throw new Error(`${CONFIG_FILE}: ${error.message}`, { cause: error })
  })
  if (written === undefined)
    throw new Error(`${CONFIG_FILE}: has no default export; write export default { … }`)
  return sourceOf(written, named)
}

/**
 * The edge's variables in `.env` of a folder; undefined where there are none. Names of others are read over. So is what
 * the stack sets itself, because the file may be that of a deployment; `leftAside` names it.
 * @throws Error of one line
 */
export async function envFile(folder: string): Promise<(Source & { leftAside: string[] }) | undefined> {
  const path = join(folder, ENV_FILE)
  if (!existsSync(path)) return undefined
  const entries = Object.entries(parseEnv(await readFile(path, 'utf8'))).filter(
    ([name, value]) => isKnown(name) && value !== '',
  )
  const aside = ([name]: readonly [string, unknown]) => OF_THE_STACK.has(name) || ACTS_ELSEWHERE.has(name)
  const edge = Object.fromEntries(entries.filter((entry) => !aside(entry)))
  const named = (field: string) => `${ENV_FILE}: ${field.replace(/^edge\./, '')}`
  return {
    ...sourceOf({ edge }, named),
    leftAside: entries
      .filter(aside)
      .map(([name]) => name)
      .sort(),
  }
}

/** The table that such variables are read by. */
export const SETTABLE = { ...EDGE_VARIABLES, EDGE_EMULATORS: NODE_VARIABLES.EDGE_EMULATORS }
