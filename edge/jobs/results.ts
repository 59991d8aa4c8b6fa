/** A result of a job's input, as the JSON text of a JobResult. */
export type KeptResult = { index: number; json: string }

/** Whose results they are. */
export type JobResults = { id: string; account: string }

/**
 * Where results of jobs are kept. Hosts write them to Redis; from there they may be moved to a larger store. Every method
 * throws TwohopError `store_unavailable` where the store does not answer.
 */
export type ResultStore = {
  /**
   * Keeps results until a time (ms since the epoch). One that is there stays as it is.
   * @returns false where the store has no room for them; none of them is kept then
   */
  put(job: JobResults & { until: number }, results: readonly KeptResult[]): Promise<boolean>
  /** Results of indexes above `after`, in their order: at most `most`, fewer where they are long, and at least one. */
  page(job: JobResults, after: number, most: number): Promise<{ results: KeptResult[]; more: boolean }>
}

/**
 * The most bytes of results in a page of several. With JSON around them they stay below Upstash's 1 MB an answer.
 */
export const PAGE_BYTES = 384 * 1024

/** Results that one call moves at most. */
const PAGE = 500

/**
 * Copies all results of a job from one store to another. Returns whether all of them are there; where they are not, the
 * job is to be read from the first store as before.
 */
export async function copyResults(
  from: Pick<ResultStore, 'page'>,
  to: Pick<ResultStore, 'put'>,
  job: JobResults & { until: number },
): Promise<boolean> {
  for (let after = -1; ; ) {
    const { results, more } = await from.page(job, after, PAGE)
    if (results.length > 0 && !(await to.put(job, results))) return false
    const last = results.at(-1)
    if (!more || !last) return true
    after = last.index
  }
}
