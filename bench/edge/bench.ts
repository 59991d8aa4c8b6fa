import { readFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { gzipSync } from 'node:zlib'
import { pinToCore } from '../kit.ts'
import type { LoadResult, Order } from '../load/closed-loop.ts'
import { NO_CPU_TIME } from '../load/cpu.ts'
import { type LoadGenerator, startLoadGenerator } from '../load/generator.ts'
import type { EdgeBenchOptions } from '../options.ts'
import { ANSWER_BYTES, eventsOf } from '../upstream/answers.ts'
import { countedPerCall } from './counted.ts'
import { figures, times } from './figures.ts'
import { profiled, selfTimes } from './profile.ts'
import { type Compared, print, printProfiles } from './report.ts'
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
 * Measures the edge with every check on, in workerd or on Node on one core, beside the same stub called directly, a bare
 * proxy on the same runtime and Portkey's gateway on Node: interleaved runs, medians and spread. With `profile` it says instead in which functions
 * the edge spends its time.
 * @throws Error where a part does not start, a target answers nothing as expected, or `signal` is aborted
 */
export async function edgeBench(options: EdgeBenchOptions): Promise<unknown> {
  const { runtime, guards, profile, portkey, progress, signal } = options
  const generator = await startLoadGenerator(signal)
  let setup: Targets | undefined
  try {
    await pinToCore(generator.pid, LOAD_CORE)
    setup = await startTargets({ runtime, guards, portkey: portkey && !profile, profile, progress, signal })
    return await (profile ? profiles : measurements)(options, generator, setup)
  } finally {
    await setup?.stop()
    await generator.stop()
  }
}

async function measurements(options: EdgeBenchOptions, generator: LoadGenerator, setup: Targets) {
  const { json, quick, progress, signal } = options
  const { rounds, seconds } = quick ? { rounds: 1, seconds: 1 } : options
  const { targets, redis, portkeyLeftOut } = setup
  const loadBefore = loadavg()[0]
  const runs = new Map<string, LoadResult[]>()
  const runsOf = (test: Case, name: string) => runs.get(`${test.name}|${name}`) ?? []
  for (let round = 1; round <= rounds; round++)
    for (const test of CASES)
      for (const target of targets) {
        progress(`round ${round} of ${rounds}: ${test.name}: ${target.name}`)
        const result = await generator.run(orderOf(target, test, seconds), signal)
        runs.set(`${test.name}|${target.name}`, [...runsOf(test, target.name), result])
      }
  const perCall = []
  for (const test of CASES) {
    progress(`counting requests: ${test.name}`)
    const ask = async (requests: number) =>
      (await generator.run({ ...orderOf(edgeOf(setup), test, 60), warmUp: 0, requests }, signal)).ok
    perCall.push({ name: test.name, ...(await countedPerCall({ ask, redis, stubUrl: setup.stubUrl })) })
  }
  const module = await readFile(setup.module)

  function compared(test: Case, name: string): Compared {
    const own = runsOf(test, name)
    const [bare, portkey] = [runsOf(test, 'bare-proxy'), runsOf(test, 'portkey')]
    return {
      ...figures(own),
      ...(bare.length > 0 && { times_bare: times(own, bare) }),
      ...(portkey.length > 0 && { times_portkey: times(own, portkey) }),
    }
  }
  const pinned = targets.every((target) => target.pinned)
  const result = {
    runtime: options.runtime,
    guards: options.guards,
    load_average: { before: loadBefore, after: loadavg()[0] },
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
    per_call: perCall,
    edge_gzip_bytes: gzipSync(module).length,
    cases: CASES.map((test) => ({
      name: test.name,
      targets: Object.fromEntries(targets.map(({ name }) => [name, compared(test, name)])),
    })),
  }
  if (!json) print(result)
  return result
}

/** Where the edge's time goes, of answers and of streams, 16 at once. */
async function profiles(options: EdgeBenchOptions, generator: LoadGenerator, setup: Targets) {
  const { json, seconds, progress, signal } = options
  const { inspector } = setup
  if (inspector === undefined) throw new Error('there is no inspector')
  const edge = edgeOf(setup)
  const cases = []
  for (const test of CASES.filter(({ concurrency }) => concurrency > 1)) {
    progress(`profiling: ${test.name}`)
    // What V8 compiles first is no part of it.
    await generator.run(orderOf(edge, test, 1), signal)
    let requests = 0
    const profile = await profiled(inspector, async () => {
      const { ok, errors } = await generator.run({ ...orderOf(edge, test, seconds), warmUp: 0 }, signal)
      requests = ok + errors
    })
    cases.push({ name: test.name, requests, functions: selfTimes(profile) })
  }
  if (!json) printProfiles(cases)
  return { cases }
}

function orderOf({ url, headers, pid }: Target, { concurrency, stream }: Case, seconds: number): Order {
  return {
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
  }
}

function edgeOf({ targets }: Targets): Target {
  const edge = targets.find((target) => target.name === 'twohop')
  if (!edge) throw new Error('the edge is not among the targets')
  return edge
}
