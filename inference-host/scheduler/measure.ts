import type { ErrorCode } from '../../shared/errors.ts'
import { NO_SPAN, type Span } from '../../shared/tracing/port.ts'
import type { Observer } from '../metrics/scheduler-events.ts'
import type { EngineEvent } from '../work/engine.ts'
import type { Report } from '../work/report.ts'
import type { Pace } from './pace.ts'

/** The stop-watch of one request. */
export type Measure = {
  begin(): void
  take(event: EngineEvent): void
  end(code: 'finished' | ErrorCode, report: Report): void
}

type Options = {
  /** The most output tokens it may have. */
  outputLimit: number
  /** Milliseconds on a steady clock. */
  now: () => number
  observe: Observer
  pace: Pace
  /** The request's span, which gets one for each part of its life. */
  span?: Span | undefined
}

/**
 * A stop-watch, running since now: it tells `observe` of each step, and `pace` of a request that finished. Within `span` it
 * begins `queue`, then `prefill` and `decode`, or `compute` where no tokens are generated.
 */
export function createMeasure({ outputLimit, now, observe, pace, span = NO_SPAN }: Options): Measure {
  const submitted = now()
  let begun: number | undefined
  let first: number | undefined
  let last = 0
  let tokens = 0
  let part = span.child('queue')

  function next(name: string): void {
    part.end()
    part = span.child(name)
  }

  return {
    begin() {
      begun = now()
      next(outputLimit > 0 ? 'prefill' : 'compute')
      observe({ type: 'begun', queueMs: begun - submitted })
    },
    take(event) {
      if (event.type !== 'token') return
      const at = now()
      if (first === undefined) {
        next('decode')
        observe({ type: 'first_token', sinceSubmitMs: at - submitted })
      } else observe({ type: 'token', gapMs: at - last })
      first ??= at
      last = at
      tokens++
    },
    end(code, report) {
      const at = now()
      const perTokenMs = first === undefined || tokens < 2 ? undefined : (last - first) / (tokens - 1)
      if (code !== 'finished') part.fail(code)
      part.end()
      observe({ type: 'ended', code, tookMs: at - submitted, perTokenMs, report })
      if (code !== 'finished' || begun === undefined) return
      pace.add({
        slotMs: at - begun,
        answerMs: (first ?? at) - begun,
        perTokenMs,
        outputTokens: report.outputTokens,
        outputLimit,
      })
    },
  }
}
