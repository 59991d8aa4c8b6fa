import { LONGEST_REQUEST_MS } from '../../shared/service-token.ts'
import type { Report } from '../work/report.ts'
import type { Run } from './run.ts'

/** Requests by id, so that one can be cancelled, or asked what it has used after its stream broke. */
export type Requests = {
  add(id: string, account: string, run: Run): void
  /**
   * Cancels the request if it still runs, and resolves with what was computed for it. Resolves with undefined where no
   * request of this account has that id, or it ended too long ago.
   */
  cancel(id: string, account: string): Promise<Report | undefined>
}

type Options = {
  /** How long a request is known after its end, in milliseconds; default KEEP_ENDED_MS. */
  keepMs?: number
  /** The most ended requests that are kept; the oldest go first. */
  most: number
  now?: () => number
}

/**
 * A client may take in slowly what the host finished long ago, and the edge asks when it has, at the deadline at the latest;
 * with half a minute for the edge to ask.
 */
const KEEP_ENDED_MS = LONGEST_REQUEST_MS + 30_000

/** An empty register. Requests under way are bounded by the queues, ended ones by age and number. */
export function createRequests({
  keepMs = KEEP_ENDED_MS,
  most,
  now = () => performance.now(),
}: Options): Requests {
  const running = new Map<string, { account: string; run: Run }>()
  /**
   * In the order in which they ended. Only reports are kept, because a run holds its prompt and its answer. No createExpiringMap:
   * that keeps what has expired until it is full, which a host would be with all that it ever ran.
   */
  const ended = new Map<string, { account: string; report: Report; at: number }>()

  function forget(): void {
    for (const [id, { at }] of ended) {
      if (ended.size <= most && at + keepMs > now()) return
      ended.delete(id)
    }
  }

  return {
    add(id, account, run) {
      running.set(id, { account, run })
      void run.ended.then(() => {
        running.delete(id)
        ended.set(id, { account, report: run.report(), at: now() })
        forget()
      })
    },
    async cancel(id, account) {
      forget()
      const known = running.get(id) ?? ended.get(id)
      if (known?.account !== account) return undefined
      if ('report' in known) return known.report
      known.run.cancel()
      await known.run.ended
      return known.run.report()
    },
  }
}
