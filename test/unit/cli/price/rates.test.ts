import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { machineRates } from '../../../../cli/price/rates.ts'

const HOUR = 1_200_000

describe('what a token of a machine costs', () => {
  it('is the hour, divided by its tokens and by the share of time in which it computes', () => {
    // 3600 s of 1000 tokens are 3.6 million for $1.20: a third of a dollar a million, and twice that when half idle.
    const speed = { promptSeconds: 1 / 4000, outputSeconds: 1 / 1000 }
    expect(machineRates({ hour: HOUR, speed, utilisation: 100 })).toEqual({ input: 83_334, output: 333_334 })
    expect(machineRates({ hour: HOUR, speed, utilisation: 50 })).toEqual({ input: 166_667, output: 666_667 })
  })

  it("takes a prompt's token to cost what an answer's does where nothing tells them apart", () => {
    const { input, output } = machineRates({
      hour: HOUR,
      speed: { promptSeconds: 0, outputSeconds: 1 / 900 },
      utilisation: 50,
    })
    expect(input).toBe(output)
    expect(output).toBe(740_741)
  })

  it.each([0, 101, 33.3])('refuses a utilisation of %s', (utilisation) => {
    const speed = { promptSeconds: 0, outputSeconds: 1 }
    expect(() => machineRates({ hour: HOUR, speed, utilisation })).toThrow(RangeError)
  })

  it('pays for the hour by the tokens that it has time for, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000_000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 100 }),
        (hour, prompt, output, utilisation, share) => {
          const speed = { promptSeconds: 1 / prompt, outputSeconds: 1 / output }
          const rates = machineRates({ hour, speed, utilisation })
          // A busy hour, `share` percent of which goes to prompts: tokens as exact fractions of the hour's.
          const busy = (3600 * utilisation) / 100
          const earned =
            (busy * (share / 100) * prompt * rates.input + busy * (1 - share / 100) * output * rates.output) /
            1e6
          expect(earned).toBeGreaterThanOrEqual(hour * (1 - 1e-9))
        },
      ),
    )
  })
})
