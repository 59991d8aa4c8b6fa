import type { EncodeWork } from '../work/encode.ts'
import { pieceOf, spansOf } from './offsets.ts'
import type { EncoderModel, Reading } from './reader.ts'
import { highest, softmax } from './scores.ts'

type Found = { answer: string; score: number; start: number | null; end: number | null }

/** How many starts and ends are tried with each other. A better pair outside them is rare. */
const CANDIDATES = 64

/**
 * Extractive question answering: the likeliest spans of the context, the best first (Devlin et al. 2018, section 4.2).
 * A span's score is the product of how likely its first and its last token are; with `mayBeEmpty` the model's first
 * mark stands for "it does not say". One item for each answer.
 */
export function readAnswers(
  { tokenizer }: EncoderModel,
  work: Extract<EncodeWork, { kind: 'answer' }>,
): Reading {
  const { question, context, topK, longest, mayBeEmpty } = work
  const special = new Set(tokenizer.all_special_ids)
  let answers: Found[] = []
  return {
    inputs: [{ text: question, pair: context, field: 'inputs.context' }],
    truncate: false,
    take(_index, { ids }, outputs) {
      const first = ids.indexOf(tokenizer.sep_token_id)
      const places = [...ids.keys()].filter((i) => i > first && !special.has(ids[i] ?? 0))
      const spans = spansOf(
        context,
        places.map((i) => pieceOf(tokenizer, ids[i] ?? 0).text),
      )
      // The first mark takes part, so that scores are low where the model sees no answer.
      const likely = (name: string) => {
        const { data } = outputs(name)
        return softmax([0, ...places].map((i) => data[i] ?? 0))
      }
      const [starts, ends] = [likely('start_logits'), likely('end_logits')]
      const found = pairsOf(starts.slice(1), ends.slice(1), longest).map(([from, to, score]): Found => {
        const [start, end] = [spans[from]?.start ?? null, spans[to]?.end ?? null]
        const text =
          start !== null && end !== null
            ? context.slice(start, end)
            : tokenizer.decode(
                places.slice(from, to + 1).map((i) => ids[i] ?? 0),
                { skip_special_tokens: true },
              )
        return { answer: text, score, start, end }
      })
      const empty = { answer: '', score: (starts[0] ?? 0) * (ends[0] ?? 0), start: 0, end: 0 }
      const all = mayBeEmpty ? [...found, empty] : found
      answers = all.sort((a, b) => b.score - a.score).slice(0, topK)
    },
    items: () => answers.map((answer) => JSON.stringify(answer)),
  }
}

/** Pairs of a start and an end at most `longest` tokens apart, each with its score. */
function pairsOf(
  starts: readonly number[],
  ends: readonly number[],
  longest: number,
): [number, number, number][] {
  const last = highest(ends, CANDIDATES)
  return highest(starts, CANDIDATES).flatMap((from) =>
    last
      .filter((to) => to >= from && to < from + longest)
      .map((to): [number, number, number] => [from, to, (starts[from] ?? 0) * (ends[to] ?? 0)]),
  )
}
