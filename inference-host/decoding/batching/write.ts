import { type Write, writtenOf } from '../writing/write-on.ts'
import type { BatchEngine } from './batch-engine.ts'

/**
 * Generates texts on a batch engine, each together with the others under way. An error on the way does not reject: all
 * that was computed until then is still counted.
 * @throws RangeError where the engine's context does not hold prompt and room
 */
export function batchedWrite(engine: Pick<BatchEngine, 'submit'>): Write {
  return function write({
    prompt,
    room,
    sampler,
    constrained,
    answer,
    namespace,
    stopped,
    onStart,
    onToken,
  }) {
    let outputTokens = 0
    let finishReason: ReturnType<typeof answer.take>['finish']

    return new Promise((resolve) => {
      engine.submit({
        prompt,
        most: room,
        namespace,
        choose: sampler,
        constrained,
        stopped,
        started: onStart,
        take(token, last) {
          const { text, finish, passed } = answer.take(token.id, last)
          finishReason = finish
          onToken(text, ++outputTokens, token, passed)
          return finish !== undefined
        },
        ended: (end) => resolve(writtenOf(end, finishReason)),
      })
    })
  }
}
