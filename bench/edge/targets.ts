import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startPart } from '../../local/part.ts'
import { serviceKeys } from '../../local/service-keys.ts'
import type { StackFile } from '../../local/stack-file.ts'
import defaults from '../../shared/catalog.json' with { type: 'json' }
import { Catalog, Guards } from '../../shared/catalog.ts'
import { BENCH_DIR, pinToCore } from '../kit.ts'
import type { GuardName, RuntimeName } from '../options.ts'
import { stubModel } from '../upstream/answers.ts'
import type { Inspector } from './gateways.ts'
import { onNode } from './on-node.ts'
import { onWorkers } from './on-workers.ts'
import { startPortkey } from './portkey.ts'

export type Target = {
  name: string
  url: string
  headers: Record<string, string>
  pid: number
  pinned: boolean
}

export type Targets = {
  targets: Target[]
  /** Why Portkey's gateway is not among the targets; undefined where it is. */
  portkeyLeftOut: string | undefined
  /** The built edge. */
  module: string
  stubUrl: string
  redis: { url: string; token: string; kind: string }
  /** Of the edge; undefined where nothing is profiled. */
  inspector: Inspector | undefined
  stop(): Promise<void>
}

/** What the stub's model streams. */
export const STREAMED = { chunks: 64, delayMs: 0 }
export const MODEL = stubModel(STREAMED)
/** Enough for any number of requests that a benchmark makes. */
const ENDLESS = 1_000_000_000_000_000
/** The gateways share this core; the load generator, the stub and Redis have the other. */
const GATEWAY_CORE = 1
export const LOAD_CORE = 0

type Options = {
  /** On what the edge and the bare proxy run. */
  runtime: RuntimeName
  guards: GuardName
  /** Whether to start Portkey's gateway; npm has to install it the first time. */
  portkey: boolean
  /** Whether the edge runs unminified and with an inspector. */
  profile: boolean
  progress: (line: string) => void
  /** Once it is aborted, nothing more is started. */
  signal: AbortSignal
}

/**
 * Starts the stub and everything in front of it, each pinned to one core.
 * @throws Error where one of them does not start; without Portkey's gateway the others are measured all the same
 */
export async function startTargets({
  runtime: chosen,
  guards,
  portkey,
  profile,
  progress,
  signal,
}: Options): Promise<Targets> {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of stops.toReversed()) await end()
  }
  const targets: Target[] = []
  async function add(name: string, url: string, pid: number, headers: Record<string, string> = {}) {
    const core = name === 'direct' ? LOAD_CORE : GATEWAY_CORE
    const pinned = await pinToCore(pid, core)
    targets.push({ name, url: `${url}/v1/chat/completions`, headers, pid, pinned })
  }
  try {
    await mkdir(BENCH_DIR, { recursive: true })
    const stub = await startPart<{ url: string }>(new URL('../upstream/main.ts', import.meta.url), { signal })
    stops.push(stub.stop)
    const stubUrl = stub.ready.url
    await add('direct', stubUrl, stub.pid)

    progress('building the edge')
    const runtime = await (chosen === 'node' ? onNode({ profile, signal }) : onWorkers(profile))
    signal.throwIfAborted()
    const bare = await runtime.startBare(stubUrl)
    stops.push(bare.stop)
    await add('bare-proxy', bare.url, bare.pid)

    let leftOut = portkey ? undefined : 'not asked for'
    if (portkey)
      try {
        const gateway = await startPortkey({ progress, signal })
        stops.push(gateway.stop)
        await add('portkey', gateway.url, gateway.pid, {
          'x-portkey-provider': 'openai',
          'x-portkey-custom-host': `${stubUrl}/v1`,
        })
      } catch (error) {
        signal.throwIfAborted()
        leftOut = error instanceof Error ? error.message : String(error)
        progress(`Portkey is left out: ${leftOut}`)
      }

    const redis = await startPart<StackFile['redis']>(new URL('../../local/redis/main.ts', import.meta.url), {
      env: { REDIS_DIR: join(BENCH_DIR, 'redis') },
      signal,
    })
    stops.push(redis.stop)
    for (const pid of new Set([redis.pid, redis.ready.pid])) await pinToCore(pid, LOAD_CORE)
    const issuer = await startPart<{ environment: Record<string, string>; tokens: StackFile['tokens'] }>(
      new URL('../../local/issuer/main.ts', import.meta.url),
      { args: ['--dir', join(BENCH_DIR, 'issuer')], signal },
    )
    stops.push(issuer.stop)

    const keys = await serviceKeys('local')
    const edge = await runtime.startEdge({
      UPSTASH_REDIS_REST_URL: redis.ready.url,
      UPSTASH_REDIS_REST_TOKEN: redis.ready.token,
      HOST_URL: stubUrl,
      HOSTS: 'one',
      SERVICE_TOKEN_PRIVATE_KEY: JSON.stringify(keys.privateKey),
      API_KEY_SECRETS: randomBytes(32).toString('base64url'),
      CATALOG: JSON.stringify(benchCatalog(guards)),
      ...issuer.ready.environment,
    })
    stops.push(edge.stop)
    await add('twohop', edge.url, edge.pid, { authorization: `Bearer ${issuer.ready.tokens.firebase.pro}` })
    const { module } = runtime
    const { inspector } = edge
    return { targets, portkeyLeftOut: leftOut, module, stubUrl, redis: redis.ready, inspector, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The default catalog with the stub's models, and limits that a benchmark never meets. */
function benchCatalog(guards: GuardName): Catalog {
  const base = Catalog.parse(defaults)
  const models = [MODEL].map((id) => ({
    id,
    tasks: ['chat' as const],
    context: 8192,
    overhead: { request: 8, item: 8 },
    prices: { prompt: 1, output: 4, compute_second: 0 },
  }))
  const plans = base.plans.map((plan) => ({
    ...plan,
    models: [MODEL],
    limits: { ...plan.limits, requests_per_minute: ENDLESS, concurrent: 100_000 },
    budgets: { minute: ENDLESS, day: ENDLESS, month: ENDLESS },
    ...(guards === 'pii' && { guards: Guards.parse({ pii: { in: 'block', out: 'block' } }) }),
  }))
  return { ...base, models, plans }
}
