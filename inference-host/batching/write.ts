import type { FinishReason } from '../../shared/openai/chat.ts'
import { createDetokenizer } from '../engine/detokenizer.ts'
import { createStopStrings } from '../engine/stop-strings.ts'
import type { ChosenToken, TokenSampler } from '../sampling/sampler.ts'
import type { BatchEngine } from './batch-engine.ts'
import type { Counted } from './request.ts'

type Options = {
  prompt: readonly number[]
  /** The most tokens to generate, at least 1. */
  room: number
  sampler: TokenSampler
  /** Tokens that end the text; they are counted, and give no text. */
  ends: ReadonlySet<number>
  stop: readonly string[]
  /** Gives the text of ids, special tokens left out. */
  decode: (ids: number[]) => string
  namespace: string | undefined
  stopped: () => boolean
  onStart: (cachedPromptTokens: number) => void
  /** Called with each token, the text that it completes (may be empty), and the count so far. */
  onToken: (text: string, outputTokens: number, token: ChosenToken) => void
}

/** What was computed, and how it ended: no reason where `stopped` ended it, `cause` where it failed. */
export type Written = Counted & { finishReason?: FinishReason; failure?: { cause: unknown } }

/**
 * Generates text after a prompt on a batch engine. Never rejects for what happens on the way: what was computed until
 * then is counted in any case. @throws RangeError where the engine's context does not hold prompt and room
 */
export function writeText(engine: Pick<BatchEngine, 'submit'>, options: Options): Promise<Written> {
  const { prompt, room, sampler, ends, stop, decode, namespace, stopped, onStart, onToken } = options
  const detokenizer = createDetokenizer(decode)
  const stopStrings = createStopStrings(stop)
  let outputTokens = 0
  let finishReason: FinishReason | undefined

  return new Promise((resolve) => {
    engine.submit({
      prompt,
      most: room,
      namespace,
      choose: sampler,
      stopped,
      started: onStart,
      take(token, last) {
        outputTokens++
        const ended = ends.has(token.id)
        const { text, stopped: found } = stopStrings.push(ended ? '' : detokenizer.push(token.id))
        if (ended || found) finishReason = 'stop'
        else if (last) finishReason = 'length'
        const over = finishReason !== undefined
        onToken(over ? text + stopStrings.flush() : text, outputTokens, token)
        return over
      },
      ended({ promptTokens, cachedPromptTokens, computeMs, ...end }) {
        const counted = { promptTokens, cachedPromptTokens, outputTokens: end.outputTokens, computeMs }
        if (end.how === 'finished' && finishReason !== undefined) resolve({ ...counted, finishReason })
        else resolve(end.how === 'failed' ? { ...counted, failure: { cause: end.cause } } : counted)
      },
    })
  })
}
