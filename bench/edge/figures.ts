import { spread } from '../kit.ts'
import type { LoadResult } from '../load/closed-loop.ts'

type Spread = ReturnType<typeof spread>

/** The figures of one target in one case, over the rounds. Times in milliseconds, CPU in microseconds a request. */
export type Figures = Record<'rps' | 'p50' | 'p95' | 'p99' | 'ttfb50', Spread> & {
  /** Undefined where the system does not report it. */
  cpu?: Spread
  /** Of streams. */
  gap50?: Spread
  gap99?: Spread
  errors: number
  firstError?: string
}

/** How many times another target's figures a target's are, each round by itself. */
export type Times = { rps: Spread; ttfb50: Spread; cpu?: Spread }

/** The runs of a target over those of another in the same rounds: rounds differ more than what runs in one. */
export function times(results: readonly LoadResult[], others: readonly LoadResult[]): Times {
  const over = (pick: (result: LoadResult) => number | undefined) =>
    results.flatMap((result, round) => {
      const [own, other] = [pick(result), others[round] && pick(others[round])]
      return own !== undefined && other ? [Math.round((own / other) * 100) / 100] : []
    })
  const cpu = over((result) => result.cpu.target?.us_per_req)
  return {
    rps: spread(over((result) => result.rps)),
    ttfb50: spread(over((result) => result.ttfb50)),
    ...(cpu.length > 0 && { cpu: spread(cpu) }),
  }
}

/** The figures of the runs of one target in one case. */
export function figures(results: readonly LoadResult[]): Figures {
  const of = (pick: (result: LoadResult) => number) => spread(results.map(pick))
  /** The spread over the rounds that have the figure; undefined where none has. */
  const ifAny = (pick: (result: LoadResult) => number | undefined) => {
    const values = results.flatMap((result) => pick(result) ?? [])
    return values.length > 0 ? spread(values) : undefined
  }
  const cpu = ifAny((result) => result.cpu.target?.us_per_req)
  const [gap50, gap99] = [ifAny((result) => result.gap50), ifAny((result) => result.gap99)]
  const firstError = results.find((result) => result.firstError !== undefined)?.firstError
  return {
    rps: of((result) => result.rps),
    p50: of((result) => result.p50),
    p95: of((result) => result.p95),
    p99: of((result) => result.p99),
    ttfb50: of((result) => result.ttfb50),
    ...(cpu && { cpu }),
    ...(gap50 && { gap50 }),
    ...(gap99 && { gap99 }),
    errors: results.reduce((sum, result) => sum + result.errors, 0),
    ...(firstError !== undefined && { firstError }),
  }
}
