import type { Report, Run } from './run.ts'

/** A request that runs, or ended not long ago. */
type Known = { account: string; run: Run; endedAt: number | undefined }

/** Requests by id, so that one can be cancelled, or asked what it has used after its stream broke. */
export type Requests = {
  add(id: string, account: string, run: Run): void
  /**
   * Cancels the request if it still runs, and resolves with what was computed for it; undefined where no request of
   * this account has that id, or it ended too long ago.
   */
  cancel(id: string, account: string): Promise<Report | undefined>
}

type Options = {
  /** How long a request is known after its end, in milliseconds. */
  keepMs: number
  /** The most ended requests that are kept; the oldest go first. */
  most: number
  now?: () => number
}

/** An empty register. Requests under way are bounded by the queues, ended ones by age and number. */
export function createRequests({ keepMs, most, now = () => performance.now() }: Options): Requests {
  const known = new Map<string, Known>()
  /** Ids in the order in which their requests ended. */
  const ended = new Set<string>()

  function forget(): void {
    for (const id of ended) {
      const endedAt = known.get(id)?.endedAt ?? 0
      if (ended.size <= most && endedAt + keepMs > now()) return
      ended.delete(id)
      known.delete(id)
    }
  }

  return {
    add(id, account, run) {
      forget()
      const request: Known = { account, run, endedAt: undefined }
      known.set(id, request)
      void run.ended.then(() => {
        request.endedAt = now()
        ended.add(id)
        forget()
      })
    },
    async cancel(id, account) {
      forget()
      const request = known.get(id)
      if (request?.account !== account) return undefined
      request.run.cancel()
      await request.run.ended
      return request.run.report()
    },
  }
}
