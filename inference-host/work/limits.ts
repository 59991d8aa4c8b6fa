import { TwohopError } from '../../shared/errors.ts'
import type { Limits } from './work.ts'

/** What to do about a text that is too long. */
export const SEND_LESS = 'Shorten it, or split it over several requests.'

/**
 * How many tokens may be generated after a prompt of `promptTokens`, by a decoder that holds `context` tokens of
 * prompt and output together.
 * @param param the field that the prompt is from
 * @throws TwohopError `context_length_exceeded` where the prompt leaves no room for one token,
 * `prompt_exceeds_reservation` where it is longer than what was reserved.
 */
export function decoderRoom(promptTokens: number, limits: Limits, context: number, param: string): number {
  if (promptTokens >= context)
    throw new TwohopError(
      'context_length_exceeded',
      `The prompt has ${promptTokens} tokens or more; the model holds ${context} of prompt and output together. ${SEND_LESS}`,
      { param },
    )
  checkReservation(promptTokens, limits)
  return Math.min(limits.outputTokens, context - promptTokens)
}

/**
 * The same for an encoder-decoder, where input and output are two sequences of `context` tokens each. Its text comes from
 * `inputs`.
 * @throws TwohopError `context_length_exceeded`, `prompt_exceeds_reservation`
 */
export function seq2seqRoom(inputTokens: number, limits: Limits, context: number): number {
  if (inputTokens > context)
    throw new TwohopError(
      'context_length_exceeded',
      `The text has ${inputTokens} tokens or more; the model holds ${context}. ${SEND_LESS}`,
      { param: 'inputs' },
    )
  checkReservation(inputTokens, limits)
  return Math.min(limits.outputTokens, context)
}

/** @throws TwohopError `prompt_exceeds_reservation` where more prompt tokens came than were reserved. */
export function checkReservation(promptTokens: number, limits: Limits): void {
  if (promptTokens > limits.promptTokens)
    throw new TwohopError(
      'prompt_exceeds_reservation',
      `The prompt has ${promptTokens} tokens; ${limits.promptTokens} were reserved. ` +
        "Tell the operator: the model's overhead in the catalog is too small.",
    )
}
