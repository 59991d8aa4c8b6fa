/** What was measured of late, in the unit of its samples. */
export type Recent = {
  add(value: number): void
  /** The least of the last samples; 0 where there are too few of them, or the last one is too old. */
  least(): number
  /** The smoothed mean; 0 in the same cases. */
  mean(): number
}

type Options = {
  /** Milliseconds on a steady clock. */
  now: () => number
  /** How long a measurement says something about the present, in milliseconds. */
  keepMs?: number
}

/** How many of the last samples count for the least. */
const SAMPLES = 32
/** Fewer samples than this say nothing. */
const FEWEST = 8
/** Weight of a new sample in the mean, as for a round-trip time (RFC 6298 section 2.3). */
const ALPHA = 1 / 8

/**
 * A measurement without samples. Old samples must not count where they decide on refusals: if all requests were
 * refused, nothing new would ever be measured.
 */
export function createRecent({ now, keepMs = 10_000 }: Options): Recent {
  const samples: number[] = []
  let mean = 0
  let latest = Number.NEGATIVE_INFINITY

  const known = () => samples.length >= FEWEST && now() - latest <= keepMs

  return {
    add(value) {
      if (now() - latest > keepMs) samples.length = 0
      mean = samples.length === 0 ? value : mean + ALPHA * (value - mean)
      samples.push(value)
      if (samples.length > SAMPLES) samples.shift()
      latest = now()
    },
    least: () => (known() ? Math.min(...samples) : 0),
    mean: () => (known() ? mean : 0),
  }
}
