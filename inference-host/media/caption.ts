import { createAnswerText, textRulesOf } from '../decoding/writing/answer-text.ts'
import { generate } from '../decoding/writing/generate.ts'
import { loadText, loadWeights } from '../device/load.ts'
import type { LoadRequest } from '../device/port.ts'
import { checkReservation } from '../work/limits.ts'
import type { LoadedMedia } from './port.ts'
import { readEye } from './sight.ts'

/**
 * Puts a model that writes of images on its device: an encoder that sees, and a decoder.
 * @throws Error where a file is missing or broken
 */
export async function loadCaptioner(request: LoadRequest): Promise<LoadedMedia> {
  const [text, eye, model] = await Promise.all([
    loadText(request),
    readEye(request.folder),
    loadWeights(request),
  ])
  const { context } = text
  return {
    context,
    imageTokens: eye.imageTokens,
    async perform(work, { counts, stopped, report }) {
      if (work.kind !== 'caption') throw new Error(`a model that writes of images does no ${work.kind}`)
      const { pixels, tokens } = await eye.see(work.file, (ms) => {
        counts.readMs += ms
      })
      checkReservation(tokens, work.limits)
      // Also where the client has left: it was decoded.
      counts.promptTokens = tokens
      if (stopped()) return undefined
      report({ type: 'started', promptTokens: tokens })
      const finish = await generate(
        { model },
        {
          inputs: { inputs: pixels },
          // Its text begins with a token of its own.
          room: Math.min(work.limits.outputTokens, context - 1),
          sampler: undefined,
          answer: createAnswerText(textRulesOf(text), []),
          stopped,
          onToken(piece, outputTokens) {
            counts.outputTokens = outputTokens
            report({ type: 'token', text: piece, outputTokens })
          },
        },
      )
      return finish && { kind: 'text', finishReasons: [finish] }
    },
  }
}
