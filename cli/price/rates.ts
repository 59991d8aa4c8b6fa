import type { MicroDollars } from '../cost/money.ts'
import type { Speed } from '../cost/speed.ts'

/**
 * What you pay for tokens, in micro-dollars a million of them: the form in which providers print prices, and a whole
 * number of millionths of a millionth of a dollar for each token.
 */
export type Rates = {
  input: MicroDollars
  output: MicroDollars
  /** Of tokens of a prompt that the provider finds in its cache; undefined where it makes no difference. */
  cached?: MicroDollars | undefined
  /** Of a million seconds of audio, in place of tokens of prompts, for a model that hears. */
  audio?: MicroDollars | undefined
}

/** A machine that is paid by the hour, whether it computes or not. */
export type Machine = {
  hour: MicroDollars
  speed: Speed
  /** Share of the paid time in which it computes, in percent. */
  utilisation: number
  /** Seconds of audio that it hears in a second, for a model that hears. */
  audioSpeed?: number | undefined
}

const HOUR_SECONDS = 3600n

/**
 * What a token of such a machine costs. Where its speed says nothing of prompts alone, a prompt's token is taken to cost
 * as much as an answer's, which is the safe side: all tokens of a prompt are read at once, and an answer's are written one
 * after the other. All is rounded up, so the hours are paid by the tokens.
 * @throws RangeError where the utilisation is no whole number from 1 to 100
 */
export function machineRates({ hour, speed, utilisation, audioSpeed }: Machine): Rates {
  if (!Number.isInteger(utilisation) || utilisation < 1 || utilisation > 100)
    throw new RangeError(`a utilisation is a whole number of percent from 1 to 100, not ${utilisation}`)
  const perMillion = (seconds: number) =>
    Number(
      // Seconds a token as whole picoseconds, so that all that follows is exact.
      ceilDivide(
        BigInt(hour) * BigInt(Math.ceil(seconds * 1e12)) * 100n,
        HOUR_SECONDS * 1_000_000n * BigInt(utilisation),
      ),
    )
  const output = perMillion(speed.outputSeconds)
  return {
    input: speed.promptSeconds > 0 ? perMillion(speed.promptSeconds) : output,
    output,
    ...(audioSpeed !== undefined && { audio: perMillion(1 / audioSpeed) }),
  }
}

/** What a million seconds of audio cost where a minute costs so much, rounded up. */
export const audioRate = (minute: MicroDollars): MicroDollars =>
  Number(ceilDivide(BigInt(minute) * 1_000_000n, 60n))

/** The quotient of whole numbers, rounded up. */
export const ceilDivide = (a: bigint, b: bigint): bigint => (a + b - 1n) / b
