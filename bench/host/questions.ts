import { setTimeout as sleep } from 'node:timers/promises'
import { percentile, spread } from '../kit.ts'
import { firstTokenMs, type Generation, type HostClient, tokensPerSecond } from './client.ts'
import type { Finding, Measurement } from './measurement.ts'
import { seeded } from './prompts.ts'
import QUESTIONS from './questions.json' with { type: 'json' }

/** The most tokens of an answer that does not end by itself. */
const MOST_TOKENS = 160
/** The fewest tokens of an answer of random weights. They never end by themselves, so their lengths are drawn. */
const LEAST_TOKENS = 8
/** How many requests arrive while plain transformers.js would finish one: more than it can do, as at a busy time. */
const ARRIVALS = 4

const TARGETS = ['plain', 'batching'] as const

export const questions: Measurement = {
  name: 'questions',
  about: 'real questions, answers of natural length, arriving at random times',
  limitSeconds: 600,
  async run({ host, models, quick, progress, signal }) {
    const drawn = (await models.get('chat')).randomWeights !== undefined
    const lengths = seeded('lengths')
    const most = QUESTIONS.map(() =>
      drawn ? Math.round(LEAST_TOKENS * (MOST_TOKENS / LEAST_TOKENS) ** lengths()) : MOST_TOKENS,
    )
    const asked = quick ? QUESTIONS.slice(0, 8) : QUESTIONS
    const ask = ({ chat }: HostClient, i: number) =>
      chat(asked[i] ?? '', { account: `asker ${i}`, outputTokens: most[i] ?? MOST_TOKENS, signal })
    progress('questions: how long plain transformers.js takes for one')
    const { client: plain } = await host('plain')
    const alone = [await ask(plain, 0), await ask(plain, 1), await ask(plain, 2)]
    const serviceMs = alone.reduce((sum, { began, ended }) => sum + ended - began, 0) / alone.length
    const arrivals = poisson(asked.length, serviceMs / ARRIVALS)
    const done: Record<string, Generation[]> = {}
    for (const target of TARGETS) {
      progress(`questions, ${asked.length} arriving at random times: ${target}`)
      const { client } = await host(target)
      done[target] = await Promise.all(
        arrivals.map(async (ms, i) => {
          await sleep(ms, undefined, { signal })
          return ask(client, i)
        }),
      )
    }
    const [before = [], after = []] = TARGETS.map((target) => done[target])
    return {
      findings: [throughputOf(before, after, drawn), ...latencies(before, after)],
      raw: {
        mostTokens: MOST_TOKENS,
        lengthsDrawn: drawn,
        arrivalsMs: arrivals,
        answers: Object.fromEntries(Object.entries(done).map(([target, all]) => [target, all.map(figures)])),
      },
    }
  },
}

/** Times of a Poisson process, in milliseconds from now, always the same for the same arguments. */
function poisson(count: number, meanGapMs: number): number[] {
  const random = seeded('arrivals')
  let at = 0
  return Array.from({ length: count }, () => {
    at -= Math.log(1 - random()) * meanGapMs
    return at
  })
}

function figures(one: Generation) {
  return { firstTokenMs: firstTokenMs(one), tookMs: one.ended - one.began, tokens: one.tokens.length }
}

function throughputOf(before: readonly Generation[], after: readonly Generation[], drawn: boolean): Finding {
  const [plain, batching] = [tokensPerSecond(before), tokensPerSecond(after)]
  const lengths = spread(after.map(({ tokens }) => tokens.length))
  return {
    what: 'real questions at random times, tokens/s over plain',
    seen: batching / plain,
    unit: 'x',
    note:
      `${plain.toFixed(1)} → ${batching.toFixed(1)} tokens/s; answers of ${lengths.min} to ${lengths.max} ` +
      `tokens, median ${lengths.median}${drawn ? ', drawn by lot' : ''}`,
  }
}

function latencies(before: readonly Generation[], after: readonly Generation[]): Finding[] {
  const kinds: [string, (one: Generation) => number][] = [
    ['first token', firstTokenMs],
    ['whole answer', ({ began, ended }) => ended - began],
  ]
  return kinds.flatMap(([what, of]) =>
    [0.5, 0.95].map((part): Finding => {
      const [plain, batching] = [percentile(before.map(of), part), percentile(after.map(of), part)]
      return {
        what: `real questions, ${what} p${part * 100} over plain`,
        seen: batching / plain,
        unit: 'x',
        note: `${(plain / 1000).toFixed(1)} → ${(batching / 1000).toFixed(1)} s`,
      }
    }),
  )
}
