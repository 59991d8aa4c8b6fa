import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildDashboard, DASHBOARD } from '../dashboard/build.ts'
import type { Catalog } from '../shared/catalog.ts'
import { type HostModel, localCatalog, modelIds } from './catalog.ts'
import { type Bundle, bundleEdge } from './edge/bundle.ts'
import type { ProjectParts } from './issuer/project.ts'
import { issuerVariables, type OwnProjects, signInPlaces } from './issuers.ts'
import { localManifest } from './models.ts'
import { type Part, type PartOptions, startPart } from './part.ts'
import { serviceKeys } from './service-keys.ts'
import type { StackFile } from './stack-file.ts'

/**
 * Takes one line per part as it comes up, with the seconds that it took, and what the parts print (`printed`).
 */
export type Say = (part: string, line: string, how?: { seconds?: number; printed?: true }) => void

export type StackOptions = {
  /** Folder for everything that is written: keys, bundle, locks. */
  dir: string
  /** Port of the edge; 0 for a free one. The parts that only tools speak to always take free ones. */
  port: number
  /** Port at which users sign in, and where the keys are; 0, the default, for a free one. */
  signInPort?: number
  /** Hub ids or folders; each replaces the embedded model of its kind. */
  models: string[]
  device: string
  redis?: 'auto' | 'redis-server' | 'embedded'
  /** Whether those who sign up are there again at the next start in this folder. Default false. */
  keepUsers?: boolean
  /** Whether to start a Postgres for the ledger, which comes up later. Default false: usage events stay in Redis. */
  ledger?: boolean
  say: Say
  /** More variables for the edge. */
  edgeVariables?: Record<string, string>
  /** Projects of one's own whose users are let in. */
  own?: OwnProjects
  /** `EDGE_EMULATORS`: the edge then runs on Node, where alone their tokens are taken. */
  emulators?: string | undefined
  /** More variables for the host. */
  hostVariables?: Record<string, string>
  /** If it is aborted while the stack starts, the started parts are stopped again and `startStack` throws. */
  signal?: AbortSignal
  /** Puts the built worker into a folder. Default: it is built there. */
  worker?: (out: string) => Promise<Bundle>
  /** Changes the catalog, for tests and benchmarks with plans of their own. */
  catalog?: (catalog: Catalog) => Catalog
}

type EdgeReady = StackFile['edge']
type HostReady = { url: string; models: HostModel[] }
type RedisReady = StackFile['redis']
type PostgresReady = Omit<NonNullable<StackFile['postgres']>, 'pid'>
type IssuerReady = {
  firebase: Omit<StackFile['issuers']['firebase'], 'trusted'>
  supabase: StackFile['issuers']['supabase']
  url: string
  /** The edge's variables that make it trust this issuer. */
  environment: Record<string, string>
  tokens: StackFile['tokens']
}

export type Stack = {
  file: StackFile
  parts: {
    edge: Part<EdgeReady>
    host: Part<HostReady>
    redis: Part<RedisReady>
    issuer: Part<IssuerReady>
    postgres: Part<PostgresReady> | undefined
  }
  /** The first edge's variables, for an edge on another runtime before the same parts. */
  edgeVariables: Record<string, string>
  /** Starts another edge on the same parts, with `variables` replacing those of the first. */
  startEdge(port?: number, variables?: Record<string, string>): Promise<Part<EdgeReady>>
  stop(): Promise<void>
}

/** Milliseconds that a host may take to stop: it finishes what it is computing. The other parts just end. */
const HOST_GRACE_MS = 45_000
/** Milliseconds that Postgres may take to stop: it first ends making its cluster, to leave no folder behind. */
const POSTGRES_GRACE_MS = 15_000
/** Life of the demo tokens in seconds: longer than a working day. */
const TOKEN_SECONDS = 86_400

/**
 * Starts every part of Twohop on this machine, each as a process of its own on loopback, and waits until a request
 * would be answered. If a part fails, the started ones are stopped again.
 * @throws Error with one clear line
 */
export async function startStack({ dir, say, ...options }: StackOptions): Promise<Stack> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const { part, stop } = createParts(say, options.signal)
  try {
    const keys = await serviceKeys('local')
    const tell = (line: string) => say('models', line)
    const manifest = await localManifest(dir, options.models, tell, options.signal)
    const redisEnv = { REDIS_DIR: join(dir, 'redis'), REDIS_PREFER: options.redis ?? 'auto' }
    const issuerArgs = [
      ...['--dir', join(dir, 'issuer'), '--ttl', String(TOKEN_SECONDS)],
      ...['--port', String(options.signInPort ?? 0)],
      // Whoever may call the edge from a browser may sign users in there.
      ...['--origins', options.edgeVariables?.ALLOWED_ORIGINS ?? ''],
      ...(options.keepUsers ? ['--users', join(dir, 'users.json')] : []),
    ]
    const hostEnv = {
      HOST_PORT: '0',
      HOST_DEVICE: options.device,
      MODELS_FILE: manifest,
      MODELS_DIR: join(dir, 'models'),
      SERVICE_TOKEN_PUBLIC_KEYS: JSON.stringify(keys.publicKeys),
      ...options.hostVariables,
    }
    const issuerUp = part<IssuerReady>(
      'issuer',
      './issuer/main.ts',
      { args: issuerArgs },
      ({ url }) => `signs users in, as Firebase and Supabase do, at ${url}`,
    )
    const redisUp = part<RedisReady>(
      'redis',
      './redis/main.ts',
      { env: redisEnv },
      ({ kind, url }) => `${kind} behind ${url}`,
    )
    const hostUp = redisUp.then(({ ready }) =>
      part<HostReady>(
        'host',
        '../inference-host/main.ts',
        {
          env: { ...hostEnv, HOST_JOBS_REDIS_URL: ready.url, HOST_JOBS_REDIS_TOKEN: ready.token },
          graceMs: HOST_GRACE_MS,
        },
        ({ url, models }) => `${models.map(({ id }) => id).join(', ')} at ${url}`,
      ),
    )
    const starting = [
      options.emulators ? buildDashboard(DASHBOARD) : (options.worker ?? bundleEdge)(join(dir, 'edge')),
      redisUp,
      issuerUp,
      hostUp,
      options.ledger ? ledger(issuerUp, part, say, options.signal) : undefined,
    ] as const
    // This waits for all parts, so that those which started after a failure are known and can be stopped.
    await Promise.allSettled(starting)
    const [bundle, redis, issuer, host, postgres] = await Promise.all(starting)

    const base = localCatalog(host.ready.models)
    const catalog = options.catalog?.(base) ?? base
    const variables = {
      UPSTASH_REDIS_REST_URL: redis.ready.url,
      UPSTASH_REDIS_REST_TOKEN: redis.ready.token,
      HOST_URL: host.ready.url,
      HOSTS: 'one',
      SERVICE_TOKEN_PRIVATE_KEY: JSON.stringify(keys.privateKey),
      API_KEY_SECRETS: randomBytes(32).toString('base64url'),
      CATALOG: JSON.stringify(catalog),
      DASHBOARD_SIGN_IN: JSON.stringify(signInPlaces(issuer.ready, options.own)),
      ...issuerVariables(issuer.ready.environment, options.own ?? { firebaseProjects: [], supabaseUrls: [] }),
      ...(postgres && {
        LEDGER_SUPABASE_URL: postgres.ready.url,
        LEDGER_SUPABASE_KEY: postgres.ready.secretKey,
      }),
      ...options.edgeVariables,
    }
    const startEdge = async (port = 0, changed: Record<string, string> = {}) =>
      bundle
        ? startWorker(part, bundle, port, { ...variables, ...changed })
        : startNode(part, options.emulators ?? '', port, { ...variables, ...changed })
    const edge = await startEdge(options.port)
    await requireHealthy(edge.ready.url)
    options.signal?.throwIfAborted()
    const project: ProjectParts = {
      edge: edge.ready.url,
      rest: postgres ? { url: postgres.ready.url, publishableKey: postgres.ready.publishableKey } : null,
    }
    issuer.tell({ type: 'project', ...project })
    const { firebase, supabase, tokens } = issuer.ready
    const trusted = (options.own?.firebaseProjects ?? []).length === 0
    return {
      file: {
        edge: edge.ready,
        host: { url: host.ready.url, pid: host.pid },
        redis: redis.ready,
        postgres: postgres ? { ...postgres.ready, pid: postgres.pid } : null,
        issuers: { firebase: { ...firebase, trusted }, supabase },
        tokens,
        models: modelIds(catalog),
        catalog,
      },
      parts: { edge, host, redis, issuer, postgres },
      edgeVariables: variables,
      startEdge,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

type StartPart = <Ready>(
  name: string,
  file: string,
  how: PartOptions,
  up: (ready: Ready) => string,
) => Promise<Part<Ready>>

/** Starts parts, each with a line that says it is up, and stops all that were started, the latest first. */
function createParts(say: StackOptions['say'], signal: AbortSignal | undefined) {
  const started: Part<unknown>[] = []
  const part: StartPart = async (name, file, how, up) => {
    const begun = performance.now()
    const process = await startPart<Parameters<typeof up>[0]>(new URL(file, import.meta.url), {
      ...how,
      signal,
      onLine: (line) => say(name, line, { printed: true }),
    })
    started.push(process)
    say(name, up(process.ready), { seconds: (performance.now() - begun) / 1000 })
    return process
  }
  return {
    part,
    async stop() {
      for (const process of started.toReversed()) await process.stop()
    },
  }
}

/** Starts the edge as it is deployed to Workers. */
function startWorker(part: StartPart, bundle: Bundle, port: number, variables: Record<string, string>) {
  const env = {
    EDGE_BUNDLE: JSON.stringify(bundle),
    EDGE_PORT: String(port),
    EDGE_VARIABLES: JSON.stringify(variables),
  }
  return part<EdgeReady>('edge', './edge/main.ts', { env }, ({ url }) => `workerd at ${url}`)
}

/** Starts the edge on Node, which takes emulators' tokens, on loopback alone. */
async function startNode(
  part: StartPart,
  emulators: string,
  port: number,
  variables: Record<string, string>,
): Promise<Part<EdgeReady>> {
  const env = {
    ...variables,
    ...{ EDGE_EMULATORS: emulators, EDGE_PORT: String(port), EDGE_BIND: '127.0.0.1', EDGE_PROXIES: '0' },
    ...{ EDGE_SCHEDULE_SECONDS: '10', EDGE_DRAIN_SECONDS: '3' },
  }
  const up = ({ url }: { url: string }) => `Node at ${url}, takes tokens of ${emulators}`
  const process = await part<{ url: string }>('edge', '../edge/runtime/node.ts', { env }, up)
  return { ...process, ready: { url: process.ready.url, cronUrl: '', pid: process.pid } }
}

/** Starts the Postgres; undefined, after one line that says why, if that fails: all else works without a ledger. */
async function ledger(
  issuer: Promise<Part<IssuerReady>>,
  part: StartPart,
  say: StackOptions['say'],
  signal: AbortSignal | undefined,
): Promise<Part<PostgresReady> | undefined> {
  const { supabase } = (await issuer).ready
  try {
    return await part<PostgresReady>(
      'postgres',
      './postgres/main.ts',
      { env: { SUPABASE_URL: supabase.url }, graceMs: POSTGRES_GRACE_MS },
      ({ kind, url }) => `the ledger, in an ${kind} one behind ${url}`,
    )
  } catch {
    signal?.throwIfAborted()
    say('postgres', 'there is none, so usage events stay in Redis')
    return undefined
  }
}

/** A worker reads its variables at its first request, so only a request shows whether they are right. */
async function requireHealthy(url: string): Promise<void> {
  const answer = await fetch(`${url}/healthz`)
  if (!answer.ok) throw new Error(`the edge answers ${answer.status}: ${await answer.text()}`)
}
