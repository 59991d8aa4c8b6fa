import type { BatchEngine } from '../../../inference-host/decoding/batching/batch-engine.ts'
import { argmax } from '../../../inference-host/decoding/sampling/greedy.ts'

/** The likeliest tokens after a prompt, as one account asks for them, and how many of the prompt were cached. */
export function askGreedily(
  engine: Pick<BatchEngine, 'submit'>,
  { prompt, most }: { prompt: readonly number[]; most: number },
): Promise<{ tokens: number[]; cached: number }> {
  const tokens: number[] = []
  return new Promise((resolve, reject) =>
    engine.submit({
      prompt,
      most,
      namespace: 'account',
      choose: (logits) => ({ id: argmax(logits), logprobs: undefined }),
      stopped: () => false,
      started() {},
      take(token, last) {
        tokens.push(token.id)
        return last
      },
      ended: (end) =>
        end.how === 'failed' ? reject(end.cause) : resolve({ tokens, cached: end.cachedPromptTokens }),
    }),
  )
}
