import type { EngineEvent } from '../work/engine.ts'

type Report = (event: EngineEvent) => void

/** The listeners of work that runs elsewhere, on a thread or in a process. */
export type Reports = {
  /** A number for new work. Undefined where everything has ended: the work is then soon reported as lost. */
  open(report: Report): number | undefined
  deliver(run: number, event: EngineEvent): void
  /** Reports all work as lost, and all later work too. */
  lose(): void
}

export function createReports(): Reports {
  const reports = new Map<number, Report>()
  let runs = 0
  let over = false
  return {
    open(report) {
      const run = runs++
      if (over) {
        queueMicrotask(() => report(LOST))
        return undefined
      }
      reports.set(run, report)
      return run
    },
    deliver(run, event) {
      const report = reports.get(run)
      if (event.type === 'ended') reports.delete(run)
      report?.(event)
    },
    lose() {
      over = true
      for (const report of [...reports.values()]) report(LOST)
      reports.clear()
    },
  }
}

/** What work reports when the thread or process that it runs on is gone. */
export const LOST: EngineEvent = {
  type: 'ended',
  promptTokens: 0,
  outputTokens: 0,
  computeMs: 0,
  end: { how: 'lost' },
}
