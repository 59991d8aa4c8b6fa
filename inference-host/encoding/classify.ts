import type { ModelConfig } from '../device/load.ts'
import type { EncodeWork } from '../work/encode.ts'
import { type EncoderModel, labelOf, type Reading } from './reader.ts'
import { highest, sigmoid, softmax } from './scores.ts'

/** Text classification: each text's labels with their scores, the highest first, at most `topK`. */
export function readLabels(
  model: EncoderModel,
  { texts, topK, activation, truncate = false }: Extract<EncodeWork, { kind: 'classify' }>,
): Reading {
  const items: string[] = []
  const scoresOf = SCORES[activation ?? trainedWith(model.config)]
  return {
    inputs: texts.map((text, i) => ({ text, field: `inputs[${i}]` })),
    truncate,
    take(index, _row, outputs) {
      const scores = scoresOf(outputs('logits').data)
      const labels = highest(scores, topK ?? scores.length).map((id) => ({
        label: labelOf(model, id),
        score: scores[id],
      }))
      items[index] = JSON.stringify(labels)
    },
    items: () => items,
  }
}

/** What makes scores of logits. */
export const SCORES = {
  softmax,
  sigmoid: (logits: Float32Array) => Array.from(logits, sigmoid),
  none: (logits: Float32Array) => Array.from(logits),
}

/**
 * As transformers chooses. Labels are scored one by one where several may hold or there is only one, and together
 * otherwise.
 */
export function trainedWith({ problem_type, id2label }: ModelConfig): keyof typeof SCORES {
  if (problem_type === 'regression') return 'none'
  const single = id2label !== undefined && Object.keys(id2label).length === 1
  return problem_type === 'multi_label_classification' || single ? 'sigmoid' : 'softmax'
}
