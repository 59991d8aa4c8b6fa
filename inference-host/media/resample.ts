/** Zero crossings of the filter on each side: more make its edge steeper. */
const CROSSINGS = 16

/**
 * The same sound at another rate, by a sinc filter under a Hann window (Smith, "Digital Audio Resampling"). What the new
 * rate cannot say is filtered out first: otherwise it would come back as another tone.
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples
  const common = gcd(from, to)
  const [up, down] = [to / common, from / common]
  const { taps, reach } = filterOf(up, from, to)
  const width = 2 * reach
  const output = new Float32Array(Math.max(1, Math.ceil((samples.length * up) / down)))
  for (let i = 0; i < output.length; i++) {
    const first = Math.floor((i * down) / up) - reach + 1
    const row = ((i * down) % up) * width
    let sum = 0
    for (let k = Math.max(0, -first); k < width && first + k < samples.length; k++)
      sum += (samples[first + k] ?? 0) * (taps[row + k] ?? 0)
    output[i] = sum
  }
  return output
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
