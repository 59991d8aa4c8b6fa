import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { benchKit, type LoadResult, load, spread } from '../kit.ts'
import type { EdgeBenchOptions } from '../options.ts'
import { LOAD_CORE, startTargets, type Targets } from './targets.ts'

const CASES = [
  { name: 'answers, 16 at once', concurrency: 16, stream: false },
  { name: 'answers, one at a time', concurrency: 1, stream: false },
  { name: 'streams of 64 chunks, 16 at once', concurrency: 16, stream: true },
  { name: 'streams of 64 chunks, one at a time', concurrency: 1, stream: true },
] as const

type Figures = Record<'rps' | 'p50' | 'p99' | 'ttfb50' | 'cpu', ReturnType<typeof spread>> & {
  errors: number
}

/**
 * The edge with every check on, in workerd on one core, beside the same stub called directly, a bare proxy in
 * workerd and Portkey's gateway: interleaved runs, medians and spread.
 */
export async function edgeBench({ json, rounds, seconds, progress }: EdgeBenchOptions): Promise<unknown> {
  const kit = await benchKit()
  const setup = await startTargets(kit.upstream, progress)
  const stopOnSignal = () => void setup.stop().then(() => process.exit(130))
  process.once('SIGINT', stopOnSignal)
  try {
    const runs = new Map<string, LoadResult[]>()
    for (let round = 1; round <= rounds; round++)
      for (const test of CASES)
        for (const target of setup.targets) {
          progress(`round ${round} of ${rounds}: ${test.name}: ${target.name}`)
          const result = await load(kit.load, target, { ...test, seconds, core: LOAD_CORE })
          const key = `${test.name}|${target.name}`
          runs.set(key, [...(runs.get(key) ?? []), result])
        }
    const roundTrips = await redisRoundTrips(setup)
    const worker = await readFile(setup.bundle.module)
    const cases = CASES.map((test) => ({
      name: test.name,
      targets: Object.fromEntries(
        setup.targets.map(({ name }) => [name, figures(runs.get(`${test.name}|${name}`) ?? [])]),
      ),
    }))
    const result = {
      machine: 'gateway on one core, load generator, stub and Redis on the other',
      redis: setup.redis.kind,
      rounds,
      seconds,
      pinned: setup.targets.every((target) => target.pinned),
      redis_requests_per_call: roundTrips,
      worker_gzip_bytes: gzipSync(worker).length,
      cases,
    }
    if (!json) print(result)
    return result
  } finally {
    process.off('SIGINT', stopOnSignal)
    await setup.stop()
  }
}

/** HTTP requests that Redis's front saw for a number of model calls: counted, not timed. */
async function redisRoundTrips({ targets, redis }: Targets): Promise<number> {
  const edge = targets.find((target) => target.name === 'twohop')
  if (!edge) throw new Error('the edge is not among the targets')
  const count = async () => {
    const stats = await fetch(`${redis.url}/twohop/stats`, {
      headers: { authorization: `Bearer ${redis.token}` },
    })
    return ((await stats.json()) as { requests: number }).requests
  }
  const calls = 20
  const before = await count()
  for (let i = 0; i < calls; i++) {
    const answer = await fetch(edge.url, {
      method: 'POST',
      headers: { ...edge.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mock-c64-d0', messages: [{ role: 'user', content: 'Hello' }] }),
    })
    await answer.text()
  }
  // Settlements are off the response path: wait for the last of them, at most 2 s.
  let seen = await count()
  for (let tries = 0; tries < 20 && seen - before < calls * 2; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    seen = await count()
  }
  return (seen - before) / calls
}

function figures(results: LoadResult[]): Figures {
  const of = (pick: (result: LoadResult) => number) => spread(results.map(pick))
  return {
    rps: of((result) => result.rps),
    p50: of((result) => result.p50),
    p99: of((result) => result.p99),
    ttfb50: of((result) => result.ttfb50 ?? result.p50),
    cpu: of((result) => result.cpu.target?.us_per_req ?? Number.NaN),
    errors: results.reduce((sum, result) => sum + result.errors, 0),
  }
}

function print(result: {
  redis: string
  redis_requests_per_call: number
  worker_gzip_bytes: number
  cases: { name: string; targets: Record<string, Figures> }[]
}): void {
  for (const { name, targets } of result.cases) {
    console.log(`\n${name}`)
    console.table(
      Object.fromEntries(
        Object.entries(targets).map(([target, { rps, p50, p99, ttfb50, cpu, errors }]) => [
          target,
          {
            'requests/s': rps.median,
            spread: `${rps.min}-${rps.max}`,
            'p50 ms': p50.median,
            'p99 ms': p99.median,
            'first byte p50 ms': ttfb50.median,
            'CPU us/request': cpu.median,
            errors,
          },
        ]),
      ),
    )
  }
  console.log(`\nRedis (${result.redis}) HTTP requests a model call: ${result.redis_requests_per_call}`)
  console.log(`Worker: ${(result.worker_gzip_bytes / 1024).toFixed(1)} KiB gzipped`)
}
