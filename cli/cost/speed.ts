import * as z from 'zod'

/** One measured case: a request's tokens, and the host's output tokens a second, with the prompts' time included. */
export type Throughput = { promptTokens: number; outputTokens: number; tokensPerSecond: number }

/** Seconds that a busy container needs for one token of a prompt and one of an answer. */
export type Speed = {
  promptSeconds: number
  outputSeconds: number
  /** For a second of audio, of a model that hears. */
  audioSeconds?: number
}

/** A throughput that cannot be used. */
export class ThroughputError extends Error {
  readonly code = 'bad_throughput'
}

/**
 * Seconds a token from measured throughputs. Time is taken to be linear in tokens, so two cases with different prompts
 * separate prompt from answer. If they do not, or there is one case only, all time of the slowest case is charged to
 * the answer's tokens.
 * @throws ThroughputError when there is no case, or one of no tokens a second
 */
export function speedOf(cases: readonly Throughput[]): Speed {
  const [first] = cases
  if (!first) throw new ThroughputError('There is no throughput to calculate with.')
  if (!cases.every(({ tokensPerSecond, outputTokens }) => tokensPerSecond > 0 && outputTokens > 0))
    throw new ThroughputError('A throughput must be above 0 tokens a second.')
  const share = ({ promptTokens, outputTokens }: Throughput) => promptTokens / outputTokens
  const sorted = cases.toSorted((a, b) => share(a) - share(b))
  const [short, long] = [sorted[0] ?? first, sorted.at(-1) ?? first]
  // Seconds per answer token: 1/throughput = output + share * prompt.
  const rise = (1 / long.tokensPerSecond - 1 / short.tokensPerSecond) / (share(long) - share(short))
  const output = 1 / short.tokensPerSecond - share(short) * rise
  if (rise > 0 && output > 0) return { promptSeconds: rise, outputSeconds: output }
  const slowest = Math.min(...cases.map(({ tokensPerSecond }) => tokensPerSecond))
  return { promptSeconds: 0, outputSeconds: 1 / slowest }
}

const BenchResult = z.object({
  results: z.array(
    z.looseObject({
      name: z.string(),
      raw: z
        .looseObject({
          runs: z
            .array(z.looseObject({ target: z.string(), case: z.string(), tokensPerSecond: z.number() }))
            .optional(),
        })
        .optional()
        .catch(undefined),
    }),
  ),
})

/** What npm prints before a script's own output: empty lines, and lines such as `> node bench/run.ts host --json`. */
const NPM_BANNER = /^(?:(?:>.*)?\r?\n)*/

/** A case's name in the benchmark: prompt + answer x requests at once, with nothing shared. */
const CASE = /^(\d+) \+ (\d+) x (\d+)$/

/**
 * The throughputs of a file that `npm run bench -- host --json` wrote: the batching host with the most requests at
 * once, the median of the rounds.
 * @throws ThroughputError when the text is no such file or holds no such run
 */
export function throughputsOf(text: string): Throughput[] {
  let json: unknown
  try {
    json = JSON.parse(text.replace(NPM_BANNER, ''))
  } catch {
    throw new ThroughputError('The throughput file is no JSON.')
  }
  const parsed = BenchResult.safeParse(json)
  if (!parsed.success)
    throw new ThroughputError('The throughput file is none of `npm run bench -- host --json`.')
  const runs = parsed.data.results.flatMap(({ name, raw }) =>
    name === 'throughput' ? (raw?.runs ?? []) : [],
  )
  const cases = runs.flatMap(({ target, case: name, tokensPerSecond }) => {
    const [, prompt, output, atOnce] = CASE.exec(name) ?? []
    return target === 'batching' && atOnce !== undefined
      ? [
          {
            name,
            promptTokens: Number(prompt),
            outputTokens: Number(output),
            atOnce: Number(atOnce),
            tokensPerSecond,
          },
        ]
      : []
  })
  const most = Math.max(...cases.map(({ atOnce }) => atOnce))
  const busiest = Map.groupBy(
    cases.filter(({ atOnce }) => atOnce === most),
    ({ name }) => name,
  )
  if (busiest.size === 0) throw new ThroughputError('The throughput file holds no run of the batching host.')
  return [...busiest.values()].flatMap(([one, ...more]) =>
    one
      ? [
          {
            promptTokens: one.promptTokens,
            outputTokens: one.outputTokens,
            tokensPerSecond: median([one, ...more].map(({ tokensPerSecond }) => tokensPerSecond)),
          },
        ]
      : [],
  )
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}
