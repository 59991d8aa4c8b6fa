import { percentile, spread } from '../kit.ts'
import { firstTokenMs, type Generation, type HostClient, tokensPerSecond } from './client.ts'
import { type HttpThread, watchHttpThread } from './http-thread.ts'
import type { Finding, Measurement } from './measurement.ts'
import { words } from './prompts.ts'

/** Shared prompt tokens, prompt tokens of its own, output tokens, requests at once, and the goal for the ratio. */
type Case = { shared: number; own: number; output: number; streams: number; asked: number }

const CASES: readonly Case[] = [
  { shared: 0, own: 64, output: 64, streams: 1, asked: 1.1 },
  { shared: 0, own: 64, output: 64, streams: 16, asked: 3.5 },
  { shared: 0, own: 256, output: 64, streams: 16, asked: 3 },
  { shared: 256, own: 16, output: 64, streams: 16, asked: 6 },
]

const QUICK_STREAMS = 4

const TARGETS = ['plain', 'batching'] as const

type Run = { round: number; target: string; case: string; tokensPerSecond: number; firstTokenMs: number[] }

export const throughput: Measurement = {
  name: 'throughput',
  about: 'output tokens a second beside plain transformers.js; the HTTP thread under that load',
  limitSeconds: 1200,
  async run({ host, rounds, quick, progress, signal }) {
    const runs: Run[] = []
    const threads: HttpThread[] = []
    const cases = quick
      ? CASES.filter(({ own }) => own < 256).map((one) => ({
          ...one,
          output: one.output / 2,
          streams: Math.min(one.streams, QUICK_STREAMS),
        }))
      : CASES
    for (let round = 1; round <= (quick ? 1 : rounds); round++)
      for (const one of cases)
        for (const target of TARGETS) {
          const name = nameOf(one)
          progress(`throughput, round ${round}: ${name}: ${target}`)
          const running = await host(target)
          const watch = target === 'batching' ? await watchHttpThread(running) : undefined
          const done = await runCase(running.client, one, `${round} ${name}`, signal).finally(
            async () => watch && threads.push(await watch.stop()),
          )
          runs.push({
            round,
            target,
            case: name,
            tokensPerSecond: tokensPerSecond(done),
            firstTokenMs: done.map(firstTokenMs),
          })
        }
    return {
      findings: [...cases.map((one) => ratio(one, runs)), ...httpThread(threads)],
      raw: { runs, httpThread: threads },
    }
  },
}

function nameOf({ shared, own, output, streams }: Case): string {
  return `${shared > 0 ? `${shared} shared + ` : ''}${own} + ${output} x ${streams}`
}

/** Runs a case's requests at once. Where they share a prefix, one request before them fills the prefix cache. */
async function runCase(
  { complete }: HostClient,
  { shared, own, output, streams }: Case,
  salt: string,
  signal: AbortSignal,
): Promise<Generation[]> {
  const prefix = words(`shared ${salt}`, shared)
  const ask = (i: number) =>
    complete(prefix + words(`${salt} ${i}`, own), {
      // A prefix is reused only within an account. Otherwise each caller has an account of its own, as in the
      // extension.
      account: shared > 0 ? salt : `${salt} ${i}`,
      outputTokens: output,
      signal,
    })
  if (shared > 0) await ask(-1)
  return Promise.all(Array.from({ length: streams }, (_, i) => ask(i)))
}

function ratio(one: Case, runs: readonly Run[]): Finding {
  const name = nameOf(one)
  const speeds = (target: string) =>
    runs.filter((run) => run.case === name && run.target === target).map((run) => run.tokensPerSecond)
  const [plain, batching] = [speeds('plain'), speeds('batching')]
  const { min, max } = spread(batching.map((speed, i) => speed / (plain[i] ?? Number.NaN)))
  const first = (target: string) =>
    spread(
      runs.filter((run) => run.case === name && run.target === target).flatMap((run) => run.firstTokenMs),
    ).median / 1000
  return {
    what: `${name}, tokens/s over plain`,
    seen: spread(batching).median / spread(plain).median,
    unit: 'x',
    asked: { at: 'least', value: one.asked },
    spread: { min, max },
    note:
      `${spread(plain).median.toFixed(1)} → ${spread(batching).median.toFixed(1)} tokens/s, ` +
      `first token ${first('plain').toFixed(2)} → ${first('batching').toFixed(2)} s`,
  }
}

function httpThread(threads: readonly HttpThread[]): Finding[] {
  const delays = threads.map(({ eventLoopP99Ms }) => eventLoopP99Ms)
  const livez = threads.flatMap(({ livezMs }) => livezMs)
  const { min, max } = spread(threads.map(({ livezMs }) => percentile(livezMs, 0.99)))
  return [
    {
      what: 'event-loop delay p99 under that load',
      seen: spread(delays).median,
      unit: 'ms',
      asked: { at: 'most', value: 10 },
      spread: spread(delays),
    },
    {
      what: '/livez p99 under that load',
      seen: percentile(livez, 0.99),
      unit: 'ms',
      asked: { at: 'most', value: 20 },
      spread: { min, max },
      note: `${livez.length} probes`,
    },
  ]
}
