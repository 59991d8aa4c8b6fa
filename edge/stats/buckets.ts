/**
 * Upper bounds of the buckets in which times are counted, in milliseconds; what takes longer is in one more. The names
 * of the sums have a bucket's number, so a bound may be added at the end only.
 */
export const BUCKETS_MS = [
  5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000,
] as const

/** How many were in each bucket, and the sum of their milliseconds. */
export type Histogram = { counts: readonly number[]; sumMs: number }

/** Which bucket counts a time: its number, from 0. */
export function bucketOf(ms: number): number {
  const found = BUCKETS_MS.findIndex((most) => ms <= most)
  return found < 0 ? BUCKETS_MS.length : found
}

/**
 * The time within which a share of all is, in whole milliseconds. Within a bucket times count as evenly spread (as
 * Prometheus's `histogram_quantile` has it), so the true one is in the same bucket: at most 2.5 times as much, or as little.
 * Beyond the last bound it is that bound. Undefined where nothing was counted.
 * @param share 0 to 1
 */
export function quantile({ counts }: Histogram, share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  let before = 0
  for (const [i, count] of counts.entries()) {
    const most = BUCKETS_MS[i]
    if (most === undefined) break
    if (count > 0 && before + count >= share * total) {
      const least = BUCKETS_MS[i - 1] ?? 0
      return Math.round(least + (most - least) * Math.max(0, (share * total - before) / count))
    }
    before += count
  }
  return BUCKETS_MS.at(-1)
}
