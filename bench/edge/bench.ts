import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { pinToCore } from '../kit.ts'
import type { LoadResult } from '../load/closed-loop.ts'
import { NO_CPU_TIME } from '../load/cpu.ts'
import { type LoadGenerator, startLoadGenerator } from '../load/generator.ts'
import type { EdgeBenchOptions } from '../options.ts'
import { ANSWER_BYTES, eventsOf } from '../upstream/answers.ts'
import { figures } from './figures.ts'
import { print } from './report.ts'
import { LOAD_CORE, MODEL, STREAMED, startTargets, type Target, type Targets } from './targets.ts'

const CASES = [
  { name: 'answers, 16 at once', concurrency: 16, stream: false },
  { name: 'answers, one at a time', concurrency: 1, stream: false },
  { name: 'streams of 64 chunks, 16 at once', concurrency: 16, stream: true },
  { name: 'streams of 64 chunks, one at a time', concurrency: 1, stream: true },
] as const

type Case = (typeof CASES)[number]
/** Requests before anything is measured. V8 needs some hundred to finish compiling. */
const WARM_UP = { least: 200, each: 20 }

/** A question of a few hundred bytes, as an extension may ask it. */
const QUESTION = {
  model: MODEL,
  max_tokens: 256,
  temperature: 0.7,
  messages: [
    { role: 'system', content: 'Answer briefly and in plain words.' },
    { role: 'user', content: `What does a gateway before a model do?${' And why is that so?'.repeat(12)}` },
  ],
}

/**
 * Measures the edge with every check on, in workerd on one core, beside the same stub called directly, a bare proxy in
 * workerd and Portkey's gateway: interleaved runs, medians and spread.
 * @throws Error where a part does not start, a target answers nothing as expected, or `signal` is aborted
 */
export async function edgeBench(options: EdgeBenchOptions): Promise<unknown> {
  const { json, quick, portkey, progress, signal } = options
  const { rounds, seconds } = quick ? { rounds: 1, seconds: 1 } : options
  const generator = await startLoadGenerator(signal)
  let setup: Targets | undefined
  try {
    await pinToCore(generator.pid, LOAD_CORE)
    setup = await startTargets({ portkey, progress, signal })
    const { targets, redis, portkeyLeftOut } = setup
    const runs = new Map<string, LoadResult[]>()
    for (let round = 1; round <= rounds; round++)
      for (const test of CASES)
        for (const target of targets) {
          progress(`round ${round} of ${rounds}: ${test.name}: ${target.name}`)
          const result = await measure(generator, target, test, seconds, signal)
          const key = `${test.name}|${target.name}`
          runs.set(key, [...(runs.get(key) ?? []), result])
        }
    progress('counting HTTP requests to Redis')
    const roundTrips = await redisRoundTrips(setup)
    const worker = await readFile(setup.bundle.module)
    const cases = CASES.map((test) => ({
      name: test.name,
      targets: Object.fromEntries(
        targets.map(({ name }) => [name, figures(runs.get(`${test.name}|${name}`) ?? [])]),
      ),
    }))
    const pinned = targets.every((target) => target.pinned)
    const result = {
      machine: pinned
        ? 'gateway on one core, load generator, stub and Redis on the other'
        : 'nothing pinned to a core: that takes Linux with taskset and two cores',
      redis: redis.kind,
      quick,
      rounds,
      seconds,
      pinned,
      ...(portkeyLeftOut !== undefined && { left_out: { portkey: portkeyLeftOut } }),
      ...(runs.values().some((all) => all.some(({ cpu }) => !cpu.target)) && { cpu_time: NO_CPU_TIME }),
      redis_requests_per_call: roundTrips,
      worker_gzip_bytes: gzipSync(worker).length,
      cases,
    }
    if (!json) print(result)
    return result
  } finally {
    await setup?.stop()
    await generator.stop()
  }
}

function measure(
  generator: LoadGenerator,
  { url, headers, pid }: Target,
  { concurrency, stream }: Case,
  seconds: number,
  signal: AbortSignal,
): Promise<LoadResult> {
  return generator.run(
    {
      url,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(
        stream ? { ...QUESTION, stream, stream_options: { include_usage: true } } : QUESTION,
      ),
      // A gateway may rewrite an answer and make it shorter; a stream keeps its events.
      expected: stream
        ? { kind: 'stream', events: eventsOf(STREAMED) }
        : { kind: 'answer', leastBytes: (ANSWER_BYTES * 3) / 4 },
      connections: concurrency,
      warmUp: Math.max(WARM_UP.least, WARM_UP.each * concurrency),
      seconds,
      processes: { target: pid },
    },
    signal,
  )
}

/** HTTP requests to Redis for one model call: counted, not timed. */
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
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hello' }] }),
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
