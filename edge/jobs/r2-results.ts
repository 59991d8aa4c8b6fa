import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { sha256Hex } from '../../shared/hex.ts'
import { readBoundedStream } from '../../shared/read-bounded.ts'
import { within } from '../../shared/within.ts'
import { type JobResults, type KeptResult, PAGE_BYTES, type ResultStore } from './results.ts'

/** What is used of an R2 bucket's binding (developers.cloudflare.com/r2/api/workers/workers-api-reference). */
export type R2Bucket = {
  list(options: { prefix: string; cursor?: string }): Promise<{
    objects: { key: string; size: number }[]
    truncated: boolean
    cursor?: string
  }>
  get(key: string): Promise<{ body: ReadableStream<Uint8Array> } | null>
  /** Gives null where the condition does not hold; nothing is written then. */
  put(key: string, text: string, options: { onlyIf: { etagDoesNotMatch: string } }): Promise<object | null>
}

type Options = {
  bucket: R2Bucket
  /**
   * The most bytes of results that one account may keep there. R2 has no transactions, so calls at once may each find
   * room: beyond it there is no more than an account's jobs have in Redis at a time.
   */
  bytesOfAccount: number
  /** Milliseconds that one call may take; default 10,000. */
  timeoutMs?: number
  /** Milliseconds since the epoch. */
  now: () => number
}

/** What the names of all objects begin with. docs/storage.md names it: a rule of the bucket deletes what is old. */
export const R2_PREFIX = 'job-results/'

/** An object: results of one call of `put`, whose indexes lie from `first` to `last`. Times are in ms since the epoch. */
type Chunk = { key: string; job: string; first: number; last: number; until: number; size: number }

/** The most bytes of an object: twice those of one result and of a page of several, as JSON within JSON may take. */
const OBJECT_BYTES = 16 * 1024 * 1024

const Content = z.array(z.tuple([z.int().min(0), z.string()]))

/**
 * Results of jobs in Cloudflare R2. Each call of `put` makes one object, `job-results/<SHA-256 of the account>/<job>/` and
 * in its name the indexes and the end (ms), so that a list says all that is to be known before any is read.
 * Copies of one result are all the same, because its job has ended.
 */
export function createR2Results({ bucket, bytesOfAccount, timeoutMs = 10_000, now }: Options): ResultStore {
  /** The objects whose names begin so and whose time is not over. */
  async function listed(prefix: string): Promise<Chunk[]> {
    const chunks: Chunk[] = []
    let cursor: string | undefined
    do {
      const list = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) })
      chunks.push(...list.objects.flatMap(({ key, size }) => chunkOf(key, size) ?? []))
      cursor = list.truncated ? list.cursor : undefined
    } while (cursor !== undefined)
    return chunks.filter(({ until }) => until > now())
  }

  async function resultsIn({ key }: Chunk): Promise<KeptResult[]> {
    // One that was deleted meanwhile is over.
    const object = await bucket.get(key)
    if (object === null) return []
    const text = await readBoundedStream(object.body, {
      most: OBJECT_BYTES,
      tooLong: () => new RangeError(`an object of more than ${OBJECT_BYTES} bytes`),
    })
    return Content.parse(JSON.parse(text)).map(([index, json]) => ({ index, json }))
  }

  /** Those of the results that no object of the job holds. */
  async function withoutThose(chunks: readonly Chunk[], results: readonly KeptResult[]) {
    const near = chunks.filter(({ first, last }) =>
      results.some(({ index }) => first <= index && index <= last),
    )
    const there = new Set((await Promise.all(near.map(resultsIn))).flat().map(({ index }) => index))
    return results.filter(({ index }) => !there.has(index))
  }

  async function put(
    { id, account, until }: JobResults & { until: number },
    results: readonly KeptResult[],
  ): Promise<boolean> {
    if (until <= now()) return true
    const prefix = await prefixOf(account)
    const kept = await listed(prefix)
    const ofJob = kept.filter(({ job }) => job === id)
    const fresh = await withoutThose(ofJob, results)
    if (fresh.length === 0) return true
    const text = JSON.stringify(fresh.map(({ index, json }) => [index, json]))
    const bytes = kept.reduce((sum, { size }) => sum + size, bytesOf(text))
    if (bytes > bytesOfAccount) return false
    const indexes = fresh.map(({ index }) => index)
    const key = `${prefix}${id}/${Math.min(...indexes)}-${Math.max(...indexes)}-${until}`
    const written = await bucket.put(key, text, { onlyIf: { etagDoesNotMatch: '*' } })
    // Another call was quicker. Its object stays, and only what that lacks is still to be kept.
    return written === null ? put({ id, account, until }, results) : true
  }

  async function page({ id, account }: JobResults, after: number, most: number) {
    const chunks = (await listed(`${await prefixOf(account)}${id}/`)).filter(({ last }) => last > after)
    chunks.sort((one, other) => one.first - other.first)
    /** What was read, while an object to come may have a lower index. */
    const waiting = new Map<number, string>()
    const results: KeptResult[] = []
    let bytes = 0
    for (const [i, chunk] of chunks.entries()) {
      for (const { index, json } of await resultsIn(chunk))
        if (index > after && !waiting.has(index)) waiting.set(index, json)
      const end = chunks[i + 1]?.first ?? Number.POSITIVE_INFINITY
      for (const [index, json] of [...waiting].sort(([one], [other]) => one - other)) {
        if (index >= end) break
        bytes += bytesOf(json)
        if (results.length === most || (results.length > 0 && bytes > PAGE_BYTES))
          return { results, more: true }
        results.push({ index, json })
        waiting.delete(index)
      }
    }
    return { results, more: false }
  }

  return {
    put: (job, results) => answered(timeoutMs, put(job, results)),
    page: (job, after, most) => answered(timeoutMs, page(job, after, most)),
  }
}

/** An account's name may hold any character, and be longer than that of an object; its sum may not. */
const prefixOf = async (account: string) => `${R2_PREFIX}${await sha256Hex(account)}/`

/** Undefined for an object that this code did not write. */
function chunkOf(key: string, size: number): Chunk | undefined {
  const [, job, first, last, until] = /\/([^/]+)\/(\d+)-(\d+)-(\d+)$/.exec(key) ?? []
  if (job === undefined) return undefined
  return { key, job, first: Number(first), last: Number(last), until: Number(until), size }
}

const utf8 = new TextEncoder()
const bytesOf = (text: string) => utf8.encode(text).length

/** R2's own messages may hold an object's name: none is told. A binding has no time limit of its own. */
async function answered<T>(ms: number, call: Promise<T>): Promise<T> {
  try {
    return await within(ms, call, () => new Error('R2 is late'))
  } catch {
    throw new TwohopError('store_unavailable', 'Results of jobs cannot be reached right now.')
  }
}
