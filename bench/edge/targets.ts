import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { serviceKeys } from '../../cli/service-keys.ts'
import { type Bundle, bundleEdge } from '../../local/edge/bundle.ts'
import { startWorkerd } from '../../local/edge/workerd.ts'
import { startPart } from '../../local/part.ts'
import type { StackFile } from '../../local/stack-file.ts'
import defaults from '../../shared/catalog.json' with { type: 'json' }
import { Catalog } from '../../shared/catalog.ts'
import { BENCH_DIR, freePort, pinToCore, serveOn } from '../kit.ts'
import { fetchPortkey } from './portkey.ts'

export type Target = {
  name: string
  url: string
  headers: Record<string, string>
  pid: number
  pinned: boolean
}

export type Targets = {
  targets: Target[]
  bundle: Bundle
  redis: { url: string; token: string; kind: string }
  stop(): Promise<void>
}

/** The model names that the load generator asks its stub for: chunks a stream and milliseconds between them. */
const MOCKS = ['mock-c64-d0']
/** Enough for any number of requests that a benchmark makes. */
const ENDLESS = 1_000_000_000_000_000
/** The gateways share this core; the load generator, the stub and Redis have the other. */
export const GATEWAY_CORE = 1
export const LOAD_CORE = 0

/** Starts the stub and everything that stands before it, each pinned to one core. */
export async function startTargets(
  upstreamScript: string,
  progress: (line: string) => void,
): Promise<Targets> {
  const stops: (() => Promise<void> | void)[] = []
  const stop = async () => {
    for (const end of stops.toReversed()) await end()
  }
  try {
    await mkdir(BENCH_DIR, { recursive: true })
    const stubPort = await freePort()
    const stub = await serveOn(stubPort, process.execPath, [upstreamScript, '--port', String(stubPort)])
    stops.push(() => void stub.kill())
    const stubUrl = `http://127.0.0.1:${stubPort}`
    await pinToCore(stub.pid ?? 0, LOAD_CORE)

    progress('building the worker, fetching Portkey')
    const [bundle, portkeyScript] = await Promise.all([bundleEdge(join(BENCH_DIR, 'edge')), fetchPortkey()])

    const redis = await startPart<StackFile['redis']>(new URL('../../local/redis/main.ts', import.meta.url), {
      env: { REDIS_DIR: join(BENCH_DIR, 'redis') },
    })
    stops.push(redis.stop)
    const issuer = await startPart<{ environment: Record<string, string>; tokens: StackFile['tokens'] }>(
      new URL('../../local/issuer/main.ts', import.meta.url),
      { args: ['--dir', join(BENCH_DIR, 'issuer')] },
    )
    stops.push(issuer.stop)

    const keys = await serviceKeys('local')
    const edge = await startWorkerd({
      bundle,
      port: 0,
      variables: {
        UPSTASH_REDIS_REST_URL: redis.ready.url,
        UPSTASH_REDIS_REST_TOKEN: redis.ready.token,
        HOST_URL: stubUrl,
        SERVICE_TOKEN_PRIVATE_KEY: JSON.stringify(keys.privateKey),
        CATALOG: JSON.stringify(benchCatalog()),
        ...issuer.ready.environment,
      },
    })
    stops.push(edge.stop)

    const bare = await startWorkerd({
      bundle: await bareBundle(bundle),
      port: 0,
      variables: { HOST_URL: stubUrl },
    })
    stops.push(bare.stop)

    const portkeyPort = await freePort()
    const portkey = await serveOn(portkeyPort, process.execPath, [
      portkeyScript,
      '--headless',
      `--port=${portkeyPort}`,
    ])
    stops.push(() => void portkey.kill())

    const path = '/v1/chat/completions'
    const target = async (name: string, url: string, pid: number, headers: Record<string, string> = {}) => ({
      name,
      url: `${url}${path}`,
      headers,
      pid,
      pinned: name === 'direct' || (await pinToCore(pid, GATEWAY_CORE)),
    })
    const targets = [
      await target('direct', stubUrl, stub.pid ?? 0),
      await target('bare-proxy', bare.url, bare.pid),
      await target('portkey', `http://127.0.0.1:${portkeyPort}`, portkey.pid ?? 0, {
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `${stubUrl}/v1`,
      }),
      await target('twohop', edge.url, edge.pid, {
        authorization: `Bearer ${issuer.ready.tokens.firebase.pro}`,
      }),
    ]
    return { targets, bundle, redis: redis.ready, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The default catalog with the stub's models, and limits that a benchmark never meets. */
function benchCatalog(): Catalog {
  const base = Catalog.parse(defaults)
  const models = MOCKS.map((id) => ({
    id,
    tasks: ['chat' as const],
    context: 8192,
    overhead: { request: 8, item: 8 },
    prices: { prompt: 1, output: 4, compute_second: 0 },
  }))
  const plans = base.plans.map((plan) => ({
    ...plan,
    models: MOCKS,
    limits: { ...plan.limits, requests_per_minute: ENDLESS, concurrent: 100_000 },
    budgets: { minute: ENDLESS, day: ENDLESS, month: ENDLESS },
  }))
  return { ...base, models, plans }
}

async function bareBundle({ date, flags }: Bundle): Promise<Bundle> {
  const module = join(BENCH_DIR, 'bare', 'bare-proxy.js')
  await build({
    entryPoints: [new URL('bare-proxy.ts', import.meta.url).pathname],
    outfile: module,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
  })
  return { module, date, flags }
}
