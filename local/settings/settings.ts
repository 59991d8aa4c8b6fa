import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { refuseEmulators } from '../../edge/runtime/node-emulators.ts'
import { readVariables, type Variable, type Variables } from '../../edge/runtime/read-variables.ts'
import { Catalog } from '../../shared/catalog.ts'
import { entriesOf } from '../../shared/listed.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { placed } from '../../shared/placed.ts'
import { plainPath, plainWords } from '../../shared/plain-words.ts'
import { LOCAL_PROJECT_ID } from '../issuer/issuer.ts'
import type { ReadConfig } from './schema.ts'
import { CONFIG_FILE, configFile, ENV_FILE, envFile, SETTABLE, type Source, sourceOf } from './sources.ts'

/** How `npm start` starts. */
export type Settings = {
  port: number | undefined
  signInPort: number | undefined
  device: 'auto' | 'cpu' | 'webgpu' | 'cuda'
  models: string[]
  origins: string[]
  firebaseProjects: string[]
  supabaseUrls: string[]
  /** `EDGE_EMULATORS`; undefined for none. */
  emulators: string | undefined
  catalog: Catalog | undefined
  /** More variables of the edge. */
  variables: Record<string, string>
  /** What was read from which file, a line each. */
  told: string[]
}

/** Fields that are lists, with the edge's variable that says the same, by comma. */
const LISTS = {
  origins: 'ALLOWED_ORIGINS',
  firebaseProjects: 'FIREBASE_PROJECT_IDS',
  supabaseUrls: 'SUPABASE_URLS',
  emulators: 'EDGE_EMULATORS',
} as const
type List = keyof typeof LISTS
const LIST_NAMES = Object.keys(LISTS) as List[]
const LIST_VARIABLES: ReadonlySet<string> = new Set(Object.values(LISTS))

const OPTIONS: Readonly<Record<string, string>> = {
  port: '--port',
  signInPort: '--sign-in-port',
  device: '--device',
  models: '--model',
  origins: '--origin',
  firebaseProjects: '--firebase-project',
  supabaseUrls: '--supabase-url',
  emulators: '--emulators',
  catalog: '--catalog',
}

/** The name of a field as it was typed. */
function optionNamed(field: string): string {
  const [name = ''] = field.split('.')
  return name === 'edge' ? `--set ${field.slice(5)}` : (OPTIONS[name] ?? field)
}

/**
 * The settings of the command line, of `twohop.config.ts` and of `.env` in a folder. Lists add up; of all else the command
 * line wins, then `twohop.config.ts`.
 * @param typed the options, as fields of `twohop.config.ts`
 * @throws Error of a line for each thing that is wrong, with the file or the option, the field and the rule
 */
export async function readSettings(typed: unknown, folder: string): Promise<Settings> {
  const [env, file] = [await envFile(folder), await configFile(folder)]
  const sources = [env, file, sourceOf(typed, optionNamed)].filter((source) => source !== undefined)
  for (const source of sources) requireGoodVariables(source)
  const lists = Object.fromEntries(
    LIST_NAMES.map((list) => [list, [...new Set(sources.flatMap(({ settings }) => listOf(settings, list)))]]),
  ) as Record<List, string[]>
  const last = <Name extends keyof ReadConfig>(name: Name) =>
    sources.map(({ settings }) => settings[name]).findLast((value) => value !== undefined)
  const variables: Record<string, string> = Object.assign({}, ...sources.map(({ settings }) => settings.edge))
  for (const name of [...LIST_VARIABLES, 'CATALOG']) delete variables[name]
  const emulators = lists.emulators.length > 0 ? lists.emulators.join(',') : undefined
  if (emulators !== undefined) requireEmulatorsApart(emulators, lists)
  return {
    port: last('port'),
    signInPort: last('signInPort'),
    device: last('device') ?? 'auto',
    models: [...new Set(sources.flatMap(({ settings }) => settings.models ?? []))],
    ...{ origins: lists.origins, firebaseProjects: lists.firebaseProjects, supabaseUrls: lists.supabaseUrls },
    emulators,
    catalog: await lastCatalog(sources, folder),
    variables,
    told: [
      ...(file ? [`${CONFIG_FILE}: ${Object.keys(file.settings).join(', ')}`] : []),
      ...(env ? tellEnv(Object.keys(env.settings.edge ?? {}), env.leftAside) : []),
    ],
  }
}

function tellEnv(taken: string[], leftAside: string[]): string[] {
  if (taken.length + leftAside.length === 0) return []
  const aside = leftAside.length > 0 ? ` (left aside: ${leftAside.join(', ')})` : ''
  return [`${ENV_FILE}: ${taken.join(', ') || 'nothing'}${aside}`]
}

/** The entries of a list, whichever way they were written. */
function listOf(settings: ReadConfig, list: List): string[] {
  return entriesOf([...(settings[list] ?? []), settings.edge?.[LISTS[list]] ?? ''].join(','))
}

/** Reads what a source says by the edge's own rules. @throws Error */
function requireGoodVariables({ settings, named }: Source): void {
  const given: Record<string, string> = { ...settings.edge }
  const fields = new Map(Object.keys(given).map((name) => [name, `edge.${name}`]))
  for (const list of LIST_NAMES) {
    const name = LISTS[list]
    if (settings[list] === undefined) continue
    given[name] = [...settings[list], ...(given[name] ? [given[name]] : [])].join(',')
    fields.set(name, list)
  }
  const all: Record<string, Variable> = SETTABLE
  const table = Object.fromEntries(
    Object.entries(all).filter(([name]) => given[name] !== undefined && given[name] !== ''),
  )
  const { complaints } = readVariables(table, given)
  if (complaints.length === 0) return
  const lines = complaints.map(
    ({ variable, within, rule }) => `${named(fields.get(variable) ?? variable)}${within} ${rule}`,
  )
  throw new Error(lines.join('\n'))
}

/** What is emulated must be trusted nowhere for real (edge/runtime/node-emulators.ts). @throws Error */
function requireEmulatorsApart(emulators: string, lists: Record<List, string[]>): void {
  const firebase = lists.firebaseProjects.length > 0 ? lists.firebaseProjects : [LOCAL_PROJECT_ID]
  const variables: Variables = {
    FIREBASE_PROJECT_IDS: firebase.join(','),
    SUPABASE_URLS: lists.supabaseUrls.join(','),
    NODE_ENV: process.env.NODE_ENV,
  }
  const parsed = SETTABLE.EDGE_EMULATORS.schema.parse(emulators)
  const [complaint] = refuseEmulators(parsed, { bind: '127.0.0.1', proxies: 0, variables })
  if (complaint !== undefined) throw new Error(complaint.under('--emulators'))
}

/** The catalog of the last source that has one. @throws Error */
async function lastCatalog(sources: readonly Source[], folder: string): Promise<Catalog | undefined> {
  const source = sources.findLast(({ settings }) => settings.catalog ?? settings.edge?.CATALOG)
  if (source === undefined) return undefined
  const { catalog, edge } = source.settings
  const written = typeof catalog === 'object' ? catalog : await catalogText(source, catalog, folder)
  const { data, error } = Catalog.safeParse(written ?? parseJson(edge?.CATALOG ?? ''), { error: plainWords })
  if (!error) return data
  const at = source.named(catalog === undefined ? 'edge.CATALOG' : 'catalog')
  const file = typeof catalog === 'string' ? ` ${catalog}` : ''
  throw new Error(
    error.issues
      .map(({ path, message }) => `${at}${file}: ${placed(plainPath(Catalog, path), message)}`)
      .join('\n'),
  )
}

async function catalogText({ named }: Source, path: string | undefined, folder: string): Promise<unknown> {
  if (path === undefined) return undefined
  const file = resolve(folder, path)
  if (!existsSync(file)) throw new Error(`${named('catalog')} ${path}: there is no such file.`)
  const parsed = parseJson(await readFile(file, 'utf8'))
  if (parsed === undefined) throw new Error(`${named('catalog')} ${path}: is no JSON.`)
  return parsed
}
