import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Variables } from '../../edge/runtime/read-variables.ts'
import { isRunning, type StackFile } from '../../local/stack-file.ts'
import { stackFolder } from '../../local/stack-folder.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { readEnvFile } from '../init/env-file.ts'
import { readVars } from '../init/wrangler-vars.ts'
import { textOf } from '../text-file.ts'

/** What is looked at. */
export type Target = {
  /** The edge's variables as far as they are known, and the host's. */
  variables: Variables
  /** Whether these are to be all of the edge's. */
  whole: boolean
  edgeUrl: string | undefined
  /** A user's token, for a real answer. */
  token: string | undefined
  manifestFile: string | undefined
  modelsDir: string
}

type Options = { edgeUrl?: string; envFile: string[]; manifest?: string; stack?: string }

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))
const EMBEDDED = join(PROJECT, 'inference-host/models.json')

/**
 * What the options name; without any, the environment, and where that says nothing a running `npm start`.
 * @throws CliError unreadable
 */
export async function targetOf({ edgeUrl, envFile, manifest, stack }: Options): Promise<Target> {
  const { env } = process
  const named =
    envFile.length > 0 || edgeUrl !== undefined || manifest !== undefined || env.UPSTASH_REDIS_REST_URL
  const running = stack ?? (named ? undefined : runningStack())
  if (running !== undefined) return ofStack(JSON.parse(await textOf(running)) as StackFile)
  const variables = envFile.length > 0 ? await ofFiles(envFile) : env
  return {
    variables,
    whole: variables.SERVICE_TOKEN_PRIVATE_KEY !== undefined,
    edgeUrl,
    token: env.TWOHOP_TOKEN || undefined,
    manifestFile: manifest ?? (variables.MODELS_FILE || undefined),
    modelsDir: variables.MODELS_DIR || join(PROJECT, '.local/models'),
  }
}

/** The file of the stack that `npm start` runs in this project, if any does. */
function runningStack(): string | undefined {
  const file = join(stackFolder(process.env.TWOHOP_DIR), 'stack.json')
  if (!existsSync(file)) return undefined
  const stack = parseJson(readFileSync(file, 'utf8')) as Partial<StackFile> | undefined
  return stack?.edge !== undefined && isRunning(stack.edge.pid) ? file : undefined
}

async function ofFiles(files: readonly string[]): Promise<Variables> {
  const all: Record<string, string> = {}
  for (const file of files) {
    const text = await textOf(file)
    const read = basename(file).endsWith('.toml') ? readVars(text) : readEnvFile(text)
    for (const [name, value] of read) {
      // As Supabase's and Firebase's runtimes read what those platforms keep for themselves.
      const own = /^TWOHOP_((?:SUPABASE|FIREBASE)_.*)$/.exec(name)?.[1]
      all[own ?? name] = value
    }
  }
  return all
}

function ofStack({ edge, host, redis, postgres, issuers, tokens, catalog }: StackFile): Target {
  const dir = stackFolder(process.env.TWOHOP_DIR)
  const own = join(dir, 'models.json')
  return {
    variables: {
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: redis.token,
      HOST_URL: host.url,
      SUPABASE_URLS: issuers.supabase.url,
      CATALOG: JSON.stringify(catalog),
      ...(postgres && { LEDGER_SUPABASE_URL: postgres.url, LEDGER_SUPABASE_KEY: postgres.secretKey }),
    },
    whole: false,
    edgeUrl: edge.url,
    token: tokens.supabase.free,
    manifestFile: existsSync(own) ? own : EMBEDDED,
    modelsDir: join(dir, 'models'),
  }
}
