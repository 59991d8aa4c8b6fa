/** Zero crossings of the filter on each side: more make its edge steeper. */
const CROSSINGS = 16

/** Brings a sound that comes in parts to another rate. What it gives, put together, is what comes of the whole at once. */
export type Resampler = {
  /** Takes the next samples, and gives those that nothing after them changes. */
  push(samples: Float32Array): Float32Array
  /** The last samples. Nothing is pushed afterwards. */
  end(): Float32Array
}

/**
 * Brings a sound to another rate by a sinc filter under a Hann window (Smith, "Digital Audio Resampling"). What the new
 * rate cannot say is filtered out first: otherwise it would come back as another tone.
 */
export function createResampler(from: number, to: number): Resampler {
  const common = gcd(from, to)
  const [up, down] = [to / common, from / common]
  const { taps, reach } = filterOf(up, from, to)
  const width = 2 * reach
  /** The samples from `base` on that are still looked at, and how many came in all. */
  let kept = new Float32Array()
  let base = 0
  let length = 0
  let next = 0

  const firstOf = (i: number) => Math.floor((i * down) / up) - reach + 1

  /** The new samples from `next` up to `end`. */
  function write(end: number): Float32Array {
    const output = new Float32Array(Math.max(0, end - next))
    for (let i = next; i < end; i++) {
      const first = firstOf(i)
      const row = ((i * down) % up) * width
      let sum = 0
      for (let k = Math.max(0, -first); k < width && first + k < length; k++)
        sum += (kept[first + k - base] ?? 0) * (taps[row + k] ?? 0)
      output[i - next] = sum
    }
    next = Math.max(next, end)
    return output
  }

  return {
    push(samples) {
      const drop = Math.max(0, Math.min(firstOf(next) - base, kept.length))
      const joined = new Float32Array(kept.length - drop + samples.length)
      joined.set(kept.subarray(drop))
      joined.set(samples, kept.length - drop)
      kept = joined
      base += drop
      length += samples.length
      // The last one whose filter ends within what has come.
      return write(Math.max(next, Math.ceil(((length - reach) * up) / down)))
    },
    end: () => write(Math.max(1, Math.ceil((length * up) / down))),
  }
}

/** The filter's weights for each of the places between two samples that a new one can have, one row each. */
function filterOf(phases: number, from: number, to: number): { taps: Float32Array; reach: number } {
  const cutoff = Math.min(1, to / from)
  const reach = Math.ceil(CROSSINGS / cutoff)
  const width = 2 * reach
  const taps = new Float32Array(phases * width)
  for (let phase = 0; phase < phases; phase++)
    for (let k = 0; k < width; k++) {
      const away = k - reach + 1 - phase / phases
      const x = away * cutoff
      const hann = Math.abs(away) >= reach ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * away) / reach)
      taps[phase * width + k] = cutoff * hann * (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))
    }
  return { taps, reach }
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
