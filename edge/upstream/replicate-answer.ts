import { TwohopError } from '../../shared/errors.ts'
import { generationUsage } from '../../shared/usage.ts'
import type { headOf } from './foreign-stream.ts'
import { finishOf, type Prediction } from './replicate-shapes.ts'
import type { Tally } from './tally.ts'

/** The text of a prediction. @throws TwohopError host_failed where it is something else */
export function textOf({ output }: Prediction): string {
  if (output == null) throw new TwohopError('host_failed', 'The model answered with something else.')
  return typeof output === 'string' ? output : output.join('')
}

/**
 * A prediction's text as a host writes a whole answer.
 * @param most the tokens that it might have
 */
export function predictionAnswer(
  prediction: Prediction,
  text: string,
  head: ReturnType<typeof headOf>,
  tally: Tally,
  most: number,
): object {
  const isChat = head.object !== 'text_completion'
  const said = isChat ? { message: { role: 'assistant', content: text, refusal: null } } : { text }
  const { promptTokens, outputTokens } = tally.usage()
  return {
    ...head,
    object: isChat ? 'chat.completion' : head.object,
    choices: [{ index: 0, ...said, logprobs: null, finish_reason: finishOf(prediction, most) }],
    usage: generationUsage(promptTokens, outputTokens),
  }
}
