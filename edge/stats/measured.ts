import { BUCKETS_MS, bucketOf, type Histogram } from './buckets.ts'
import { packed, type Sums } from './packed.ts'

/** How long a request took, in milliseconds: to its end, and for a stream to the first of its answer. */
export type Measured = { totalMs: number; firstMs?: number | undefined }

/** The names of the sums that count times: a bucket's number follows the first letter. */
const TOTAL = { bucket: 'm', sum: 'ms' }
const FIRST = { bucket: 'f', sum: 'fs' }

/** What the times of one request add to the sums of its model, as a text for the scripts. */
export function packedMeasured({ totalMs, firstMs }: Measured): string {
  return packed([...counted(TOTAL, totalMs), ...(firstMs === undefined ? [] : counted(FIRST, firstMs))])
}

function counted(names: typeof TOTAL, ms: number): [string, number][] {
  const whole = Math.max(0, Math.ceil(ms))
  return [
    [`${names.bucket}${bucketOf(whole)}`, 1],
    [names.sum, whole],
  ]
}

const histogramOf = (sums: Sums, names: typeof TOTAL): Histogram => ({
  counts: Array.from({ length: BUCKETS_MS.length + 1 }, (_, i) => sums.get(`${names.bucket}${i}`) ?? 0),
  sumMs: sums.get(names.sum) ?? 0,
})

/** How long requests took to their end. */
export const totalTimes = (sums: Sums) => histogramOf(sums, TOTAL)
/** How long streams took to the first of their answer. */
export const firstTimes = (sums: Sums) => histogramOf(sums, FIRST)
