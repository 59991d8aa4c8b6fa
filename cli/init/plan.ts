import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JWK } from 'jose'
import { type ServiceKeys, serviceKeys } from '../../local/service-keys.ts'
import type { Catalog } from '../../shared/catalog.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { CliError } from '../context.ts'
import type { Answers, Runtime } from './answers.ts'
import { readEnvFile, withVariables } from './env-file.ts'
import type { OwnModel } from './model.ts'
import { type PlannedFile, textThere } from './planned-file.ts'
import { type EdgeSettings, edgeSettings, hostSettings } from './variables.ts'
import { readVars, withVars } from './wrangler-vars.ts'

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))

export const PRIVATE_KEY = 'service-key.private.json'
export const PUBLIC_KEYS = 'service-key.public.json'
export const HOST_ENV = '.env.host'
export const MANIFEST = 'inference-host/my-models.json'

/** Where a runtime's secrets are, and its other variables where they are in a file of their own. */
export function placesOf({
  runtime,
  firebaseProjects: [project = ''],
}: Pick<Answers, 'runtime' | 'firebaseProjects'>) {
  const places: Record<Runtime, { secret: string; plain: string }> = {
    workers: { secret: '.env.secrets', plain: 'wrangler.toml' },
    node: { secret: '.env.edge', plain: '.env.edge' },
    supabase: { secret: '.env.secrets', plain: '.env.secrets' },
    firebase: { secret: '.env.secrets', plain: `firebase/functions/.env.${project}` },
  }
  return places[runtime]
}

type Planned = {
  files: PlannedFile[]
  settings: EdgeSettings
}

/**
 * All files of a new deployment.
 * @param folder where they go
 * @throws CliError `unreadable`, or `bad_key` where a key that is there is none
 */
export async function planned(
  folder: string,
  answers: Answers,
  {
    catalog,
    model,
    redisToken,
  }: { catalog: Catalog; model: OwnModel | undefined; redisToken: string | undefined },
): Promise<Planned> {
  const places = placesOf(answers)
  const there = async (path: string) => (await textThere(join(folder, path))) ?? ''
  const keys = await keysOf(await there(PRIVATE_KEY))
  const kept = readEnvFile(await there(places.secret))
  const settings = edgeSettings(answers, catalog, keys, { redisToken, kept })
  const variables = async (
    path: string,
    set: ReadonlyMap<string, string>,
    secret: boolean,
  ): Promise<PlannedFile> => {
    const text = await there(path)
    return { path, text: withVariables(text, set), secret, differs: differences(readEnvFile(text), set) }
  }
  const edge =
    places.secret === places.plain
      ? [await variables(places.secret, new Map([...settings.plain, ...settings.secret]), true)]
      : [
          answers.runtime === 'workers'
            ? await wrangler(folder, settings.plain)
            : await variables(places.plain, settings.plain, true),
          await variables(places.secret, settings.secret, true),
        ]
  return {
    settings,
    files: [
      json(PRIVATE_KEY, keys.privateKey, await there(PRIVATE_KEY), true),
      json(PUBLIC_KEYS, keys.publicKeys, await there(PUBLIC_KEYS), false),
      await variables(HOST_ENV, hostSettings(keys), true),
      ...edge,
      ...(model ? [json(MANIFEST, { models: [model.entry] }, await there(MANIFEST), false)] : []),
    ],
  }
}

/** The keys that are there, or new ones. @throws CliError bad_key */
async function keysOf(text: string): Promise<ServiceKeys> {
  if (text === '') return serviceKeys()
  const privateKey = parseJson(text) as JWK | undefined
  if (privateKey?.kty !== 'OKP' || !privateKey.d || !privateKey.x || !privateKey.kid)
    throw new CliError(
      'bad_key',
      `${PRIVATE_KEY} is there and is no key that \`npm run keys\` wrote; move it away.`,
    )
  const { d: _, ...key } = privateKey
  return { privateKey, publicKeys: { keys: [{ ...key, use: 'sig' }] } }
}

/** `wrangler.toml` with the variables. In another folder than the project's it is a copy that finds the worker. */
async function wrangler(folder: string, set: ReadonlyMap<string, string>): Promise<PlannedFile> {
  const own = await textThere(join(folder, 'wrangler.toml'))
  const text = own ?? (await textThere(join(PROJECT, 'wrangler.toml'))) ?? ''
  const from = (path: string) => relative(folder, join(PROJECT, path)).split(sep).join('/')
  const found = text
    .replace(/^main = .*$/m, `main = "${from('edge/runtime/workers.ts')}"`)
    // Only where it stands as in the project: `own` may say something else by now.
    .replace(
      '= "@upstash/ratelimit/dist/',
      () => `= "${aliased(from('node_modules/@upstash/ratelimit/dist'))}/`,
    )
    .replace('= "./edge/store/', () => `= "${aliased(from('edge/store'))}/`)
    .replace('directory = "dist/dashboard"', () => `directory = "${from('dist/dashboard')}"`)
  return {
    path: 'wrangler.toml',
    text: withVars(found, set),
    secret: false,
    differs: differences(readVars(text), set, true),
  }
}

/** A path as wrangler's aliases take it: one without a dot before it would be a package's name. */
const aliased = (path: string) => (path.startsWith('.') ? path : `./${path}`)

/** A file of JSON, which is the same where it says the same. */
function json(path: string, content: object, there: string, secret: boolean): PlannedFile {
  const same = there !== '' && JSON.stringify(parseJson(there)) === JSON.stringify(content)
  return {
    path,
    text: same ? there : `${JSON.stringify(content, null, path === MANIFEST ? 2 : undefined)}\n`,
    secret,
    differs: same || there === '' ? [] : ['its content is another'],
  }
}

/** Which variables have another value than they are to have. Values are shown where none of them is secret. */
function differences(
  is: ReadonlyMap<string, string>,
  toBe: ReadonlyMap<string, string>,
  show = false,
): string[] {
  return [...toBe].flatMap(([name, value]) => {
    const now = is.get(name)
    if (now === undefined || now === '' || now === value) return []
    return [show ? `${name} is ${short(now)}, and would be ${short(value)}` : `${name} is another`]
  })
}

const short = (text: string) => (text.length > 60 ? `${text.slice(0, 57)}...` : text)

/** A path for a command that is typed in the project's folder. */
export function typed(folder: string, path: string): string {
  const place = relative(PROJECT, join(folder, path))
  return place.startsWith('..') ? join(folder, path) : place.split(sep).join('/')
}
