import { hypothesisOf } from '../../shared/tasks.ts'
import type { EncodeWork } from '../work/encode.ts'
import { type EncoderModel, labelOf, type Reading } from './reader.ts'
import { highest, softmax } from './scores.ts'

/**
 * Zero-shot classification by entailment (Yin, Hay and Roth 2019): each text is read together with "This example is
 * <label>.", once for each label, by a model for natural language inference. By default the entailments of a text's
 * labels are compared with one another. With `multiLabel`, or a single label, each is compared with its contradiction.
 */
export function readZeroShot(
  model: EncoderModel,
  { texts, labels, template, multiLabel }: Extract<EncodeWork, { kind: 'zero_shot' }>,
): Reading {
  const { entailment, contradiction } = inferenceLabels(model)
  const apart = multiLabel || labels.length === 1
  const logits = texts.map((): [entails: number, contradicts: number][] => [])
  return {
    inputs: texts.flatMap((text, i) =>
      labels.map((label) => ({ text, pair: hypothesisOf(template, label), field: `inputs[${i}]` })),
    ),
    truncate: false,
    take(index, _row, outputs) {
      const { data } = outputs('logits')
      const pair: [number, number] = [data[entailment] ?? 0, data[contradiction] ?? 0]
      const of = logits[Math.floor(index / labels.length)]
      if (of !== undefined) of[index % labels.length] = pair
    },
    items: () =>
      logits.map((pairs) => {
        const scores = apart
          ? pairs.map(([entails, contradicts]) => softmax([entails, contradicts])[0] ?? 0)
          : softmax(pairs.map(([entails]) => entails))
        const ranked = highest(scores, scores.length)
        return JSON.stringify(ranked.map((i) => ({ label: labels[i], score: scores[i] })))
      }),
  }
}

/** Where the two verdicts stand among the model's labels. A model that does not say is taken for an MNLI model. */
function inferenceLabels(model: EncoderModel): { entailment: number; contradiction: number } {
  const ids = Object.keys(model.config.id2label ?? {}).map(Number)
  const find = (...names: string[]) => ids.find((id) => names.includes(labelOf(model, id).toLowerCase()))
  return {
    entailment: find('entailment') ?? 2,
    contradiction: find('contradiction', 'not_entailment') ?? 0,
  }
}
