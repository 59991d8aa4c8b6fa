import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import type { FinishReason } from '../../shared/openai/chat.ts'
import { isTooLong } from './foreign-refusal.ts'
import { brokeOff } from './foreign-stream.ts'
import { HostRefusal } from './port.ts'
import type { Tally } from './tally.ts'

// What is read of a prediction (replicate.com/docs/topics/predictions/lifecycle). Other fields are dropped, also the addresses
// at which it can be asked for and cancelled: they are known.

const Count = z.int().min(0).nullish().catch(undefined)

export const Prediction = z.object({
  /** It becomes part of an address. */
  id: z.string().regex(/^[A-Za-z0-9]{1,64}$/),
  /** What is not known here has not ended. */
  status: z
    .enum(['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted'])
    .catch('processing'),
  output: z
    .union([z.string(), z.array(z.string())])
    .nullish()
    .catch(undefined),
  error: z.unknown(),
  metrics: z
    .object({
      input_token_count: Count,
      output_token_count: Count,
      /** Seconds; more than can be counted is still more than is reserved. */
      predict_time: z
        .number()
        .min(0)
        .transform((seconds) => Math.min(seconds, 1e9))
        .nullish()
        .catch(undefined),
    })
    .nullish()
    .catch(undefined),
  urls: z
    .object({ stream: z.string().max(2000).optional().catch(undefined) })
    .optional()
    .catch(undefined),
})
export type Prediction = z.output<typeof Prediction>

/** Whether it goes on. */
export const isUnderWay = ({ status }: Pick<Prediction, 'status'>): boolean =>
  status === 'starting' || status === 'processing'

/** Takes what was counted. */
export function count({ metrics }: Prediction, tally: Tally): void {
  const { input_token_count: input, output_token_count: output, predict_time: seconds } = metrics ?? {}
  tally.counted({
    promptTokens: input ?? undefined,
    outputTokens: output ?? undefined,
    computeMs: seconds == null ? undefined : Math.ceil(seconds * 1000),
  })
}

/** Whether it ended before a model began with it. Then nobody bills it. */
export function hasComputedNothing({ status, metrics }: Prediction): boolean {
  return status === 'aborted' || (status === 'failed' && !metrics?.predict_time)
}

/**
 * Why an answer ended, which nobody says there.
 * @param most the tokens that it might have
 */
export function finishOf({ metrics }: Prediction, most: number): FinishReason {
  return (metrics?.output_token_count ?? 0) >= most ? 'length' : 'stop'
}

/** @throws TwohopError where it has not succeeded. None of its words go on */
export function requireSuccess({ status, error, metrics }: Prediction): void {
  if (status === 'succeeded') return
  // By its deadline, which is ours.
  if (status === 'aborted' || status === 'canceled')
    throw new TwohopError('host_timeout', 'The model did not finish in time.')
  if (typeof error === 'string' && isTooLong(error)) {
    const computeMs = Math.ceil((metrics?.predict_time ?? 0) * 1000)
    throw new HostRefusal(
      'context_length_exceeded',
      'The prompt is longer than the model takes.',
      { param: 'messages' },
      computeMs,
    )
  }
  throw brokeOff()
}
