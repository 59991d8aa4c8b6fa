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
