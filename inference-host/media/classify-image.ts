import { Tensor } from '@huggingface/transformers'
import { loadWeights, readConfig } from '../device/load.ts'
import type { LoadRequest } from '../device/port.ts'
import { SCORES, trainedWith } from '../encoding/classify.ts'
import { labelOf } from '../encoding/reader.ts'
import { highest } from '../encoding/scores.ts'
import { checkReservation } from '../work/limits.ts'
import type { LoadedMedia } from './port.ts'
import { readEye } from './sight.ts'

/** Labels in an answer that names no number, as transformers.js has it. */
const USUAL = 5

/**
 * Puts a classifier of images on its device.
 * @throws Error where a file is missing or broken
 */
export async function loadClassifier(request: LoadRequest): Promise<LoadedMedia> {
  const [config, eye, model] = await Promise.all([
    readConfig(request.folder),
    readEye(request.folder),
    loadWeights(request),
  ])
  return {
    context: 1,
    imageTokens: eye.imageTokens,
    async perform(work, { counts, stopped, report }) {
      if (work.kind !== 'classify_image') throw new Error(`a classifier of images does no ${work.kind}`)
      const { pixels, tokens } = await eye.see(work.file, (ms) => {
        counts.readMs += ms
      })
      checkReservation(tokens, work.limits)
      // Also where the client has left: it was decoded.
      counts.promptTokens = tokens
      if (stopped()) return undefined
      report({ type: 'started', promptTokens: tokens })
      const { logits } = await model({ pixel_values: pixels })
      if (!(logits instanceof Tensor) || !(logits.data instanceof Float32Array))
        throw new Error('the model gives no logits')
      const scores = SCORES[work.activation ?? trainedWith(config)](logits.data)
      const labels = highest(scores, work.topK ?? USUAL).map((id) => ({
        label: labelOf({ config }, id),
        score: scores[id],
      }))
      return { kind: 'items', json: [JSON.stringify(labels)] }
    },
  }
}
