import * as z from 'zod'

/** A whole number of units (micro-units of money, as the owner prices them): never negative, never a float. */
export const Units = z.int().min(0)

/**
 * What a model costs: units per prompt token, per output token and per second of the host's compute. A model that hears
 * has a price for each second of audio instead of one for prompt tokens: seconds are what its prompts are counted in.
 */
export const Prices = z.strictObject({
  prompt: Units,
  output: Units,
  compute_second: Units.default(0),
  audio_second: Units.optional(),
})
export type Prices = z.infer<typeof Prices>

/**
 * Counted work of one request: tokens and, where the host measured it, milliseconds of compute. The prompt tokens of a
 * model that hears are the seconds of audio that have begun.
 */
export type Use = { promptTokens: number; outputTokens: number; computeMs?: number }

/**
 * The units that `work` costs at `prices`. A part of a unit of compute is rounded up to a whole one.
 * @throws RangeError when a count is not a whole non-negative number or the sum leaves the safe integers
 */
export function unitsOf(prices: Prices, { promptTokens, outputTokens, computeMs = 0 }: Use): number {
  for (const count of [promptTokens, outputTokens, computeMs])
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`a count of work must be a whole number, not ${count}`)
  const compute = Math.ceil((computeMs * prices.compute_second) / 1000)
  const units = promptTokens * (prices.audio_second ?? prices.prompt) + outputTokens * prices.output + compute
  if (!Number.isSafeInteger(units))
    throw new RangeError(`${units} units are more than can be counted exactly`)
  return units
}
