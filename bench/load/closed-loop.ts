import { Client } from 'undici'
import { percentile } from '../kit.ts'
import { type Answer, ask, type Expected, type Question } from './ask.ts'
import { cpuSecondsOf, knowsCpuTime } from './cpu.ts'

/** An order to the load generator. */
export type Order = {
  url: string
  headers: Record<string, string>
  body: string
  expected: Expected
  /** The number of connections. Each sends its next request as soon as it has its answer. */
  connections: number
  /** Requests before anything is counted, all connections together. */
  warmUp: number
  /** No request begins later than this. */
  seconds: number
  /** No more requests than this. */
  requests?: number
  /** Ids of the processes whose CPU time is measured, by name. */
  processes: Record<string, number>
}

/** The result; times in milliseconds. Percentiles cover the correct answers only. */
export type LoadResult = {
  ok: number
  errors: number
  /** What was wrong with the first wrong answer. */
  firstError?: string
  /** Requests a second, correct or not. */
  rps: number
  p50: number
  p95: number
  p99: number
  /** Time to the first byte of the body. */
  ttfb50: number
  ttfb99: number
  /** For streams only. */
  events?: number
  events_per_read?: number
  /** Time between two reads with events; undefined where each stream came in one. */
  gap50?: number
  gap99?: number
  /**
   * CPU microseconds a request for each process, and the share of a core in per cent. A process is missing where the
   * system does not report it.
   */
  cpu: Record<string, { us_per_req: number; core_pct: number }>
}

const TIMEOUT_MS = 30_000

/**
 * Sends requests over and over on a number of connections, one at a time on each.
 * @param now a clock in milliseconds
 * @throws Error where no request of the warm-up is answered as expected
 */
export async function closedLoop(order: Order, now = () => performance.now()): Promise<LoadResult> {
  const { connections, warmUp, seconds, requests = Number.POSITIVE_INFINITY, processes } = order
  const { origin, pathname, search } = new URL(order.url)
  const question: Question = { ...order, path: pathname + search }
  const clients = Array.from(
    { length: connections },
    () => new Client(origin, { pipelining: 1, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS }),
  )
  async function run(most: number, until: number): Promise<Answer[]> {
    const answers: Answer[] = []
    let begun = 0
    const work = async (client: Client) => {
      while (begun < most && now() < until) {
        begun++
        answers.push(await ask(client, question))
      }
    }
    await Promise.all(clients.map(work))
    return answers
  }
  try {
    const warm = await run(warmUp, Number.POSITIVE_INFINITY)
    if (warm.length > 0 && warm.every(({ error }) => error !== undefined))
      throw new Error(`${order.url} fails: ${warm[0]?.error}`)
    const before = await cpuSeconds(processes)
    const began = now()
    const answers = await run(requests, began + seconds * 1000)
    const took = (now() - began) / 1000
    return {
      ...summary(answers, took),
      cpu: perRequest(before, await cpuSeconds(processes), answers.length, took),
    }
  } finally {
    await Promise.all(clients.map((client) => client.destroy()))
  }
}

function summary(answers: readonly Answer[], seconds: number): Omit<LoadResult, 'cpu'> {
  const right = answers.filter(({ error }) => error === undefined)
  const firstError = answers.find(({ error }) => error !== undefined)?.error
  const took = right.map(({ tookMs }) => tookMs)
  const firstByte = right.map(({ firstByteMs }) => firstByteMs)
  const gaps = right.flatMap(({ gapsMs }) => gapsMs)
  const events = right.reduce((sum, answer) => sum + answer.events, 0)
  return {
    ok: right.length,
    errors: answers.length - right.length,
    ...(firstError !== undefined && { firstError }),
    rps: Math.round(answers.length / seconds),
    p50: rounded(percentile(took, 0.5)),
    p95: rounded(percentile(took, 0.95)),
    p99: rounded(percentile(took, 0.99)),
    ttfb50: rounded(percentile(firstByte, 0.5)),
    ttfb99: rounded(percentile(firstByte, 0.99)),
    ...(events > 0 && {
      events,
      // Each stream has one read more than it has gaps.
      events_per_read: rounded(events / (gaps.length + right.length)),
    }),
    ...(gaps.length > 0 && {
      gap50: rounded(percentile(gaps, 0.5)),
      gap99: rounded(percentile(gaps, 0.99)),
    }),
  }
}

/** Rounds milliseconds to microseconds; more digits mean nothing. */
const rounded = (value: number) => Math.round(value * 1000) / 1000

type Seconds = Record<string, number>

/** CPU seconds so far, by name: this process as `load`, and the requested ones where the system reports them. */
async function cpuSeconds(processes: Record<string, number>): Promise<Seconds> {
  const { user, system } = process.cpuUsage()
  const others = knowsCpuTime() ? Object.entries(processes) : []
  const read = others.map(async ([name, pid]) => [name, await cpuSecondsOf(pid)] as const)
  return { ...Object.fromEntries(await Promise.all(read)), load: (user + system) / 1e6 }
}

function perRequest(before: Seconds, after: Seconds, requests: number, seconds: number): LoadResult['cpu'] {
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => {
      const used = value - (before[name] ?? 0)
      return [
        name,
        { us_per_req: Math.round((used / requests) * 1e6), core_pct: Math.round((used / seconds) * 100) },
      ]
    }),
  )
}
