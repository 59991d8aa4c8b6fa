/** A job that this host has, as it lies in the store: nothing of it is verified yet. */
export type ClaimedJob = {
  id: string
  /** Whose stream it was in. */
  model: string
  entry: string
  /** Names this host's hold on it. */
  claim: string
  /** Whether another host had it, which did not renew its claim. */
  takenOver: boolean
  /** The record's fields, as texts. */
  record: Record<string, string>
  /** Index -> JobInput as JSON text. */
  inputs: ReadonlyMap<number, string>
  /** Inputs that have a result. */
  done: ReadonlySet<number>
}

/** What was computed, in tokens and milliseconds. */
export type Use = { promptTokens: number; outputTokens: number; computeMs: number }

/** What one input came to. Without `result`, it was stopped. Its use counts all the same. */
export type Finished = {
  index: number
  use: Use
  /** A JobResult as JSON text. */
  result?: { json: string; failed: boolean }
}

/** Whether a host may go on. `cancel`: the job's account wants it ended. `lost`: the job is not the host's any more. */
export type Standing = 'ok' | 'cancel' | 'lost'

export type JobEnd = 'done' | 'cancelled' | 'expired' | 'failed'

/** A request larger than the store takes at once. The store would refuse the same request again. */
export class TooLarge extends Error {}

/** Where jobs wait for hosts. Each call is one atomic step. Any error that it throws means that the store is away. */
export type JobStore = {
  /** The next job of one of these models, or undefined where none waits. */
  claim(models: readonly string[]): Promise<ClaimedJob | undefined>
  /**
   * Stores what was finished and renews the claim.
   * @param number of the report, from 1 on. A report that was sent before changes nothing.
   * @throws TooLarge. Any other error means that the store is away.
   */
  report(job: ClaimedJob, number: number, finished: readonly Finished[]): Promise<Standing>
  end(job: ClaimedJob, state: JobEnd): Promise<'ok' | 'lost'>
  /** Gives it back, to be taken over at once. */
  release(job: ClaimedJob): Promise<'ok' | 'lost'>
}
