import type { Task } from '../shared/catalog.ts'
import type { Prices } from '../shared/units.ts'

/** A second of audio costs what so many prompt tokens do: Whisper's encoder makes them of it. */
const TOKENS_A_SECOND = 50

/**
 * What a model costs whose kind the default catalog has none of.
 * @param prices of tokens
 */
export function usualPrices(
  tasks: readonly Task[],
  prices: Prices = { prompt: 1, output: 4, compute_second: 0 },
): Prices {
  const hears = tasks.includes('automatic-speech-recognition')
  return { ...prices, ...(hears && { audio_second: prices.prompt * TOKENS_A_SECOND }) }
}
