import type { EncodeWork } from '../work/encode.ts'
import { groupTokens, type LabelledToken, wordsOf } from './entities.ts'
import { pieceOf, spansOf } from './offsets.ts'
import { type EncoderModel, labelOf, type Reading } from './reader.ts'
import { highest, softmax } from './scores.ts'

/**
 * Token classification: the entities of each text, with their places in it. With aggregation `none` each token is one.
 * Otherwise they are joined as transformers' pipeline joins them.
 */
export function readEntities(
  model: EncoderModel,
  { texts, aggregation, ignore, truncate = false }: Extract<EncodeWork, { kind: 'label_tokens' }>,
): Reading {
  const { tokenizer } = model
  const special = new Set(tokenizer.all_special_ids)
  const items: string[] = []
  const top = (scores: readonly number[]) => highest(scores, 1)[0] ?? 0

  function tokensOf(
    text: string,
    ids: readonly number[],
    data: Float32Array,
    width: number,
  ): LabelledToken[] {
    const places = [...ids.keys()].filter((place) => !special.has(ids[place] ?? 0))
    const pieces = places.map((place) => pieceOf(tokenizer, ids[place] ?? 0))
    const spans = spansOf(
      text,
      pieces.map((piece) => piece.text),
    )
    return places.map((index, i) => ({
      index,
      ids: [ids[index] ?? 0],
      scores: softmax(data.subarray(index * width, (index + 1) * width)),
      span: spans[i],
      continues: pieces[i]?.continues ?? spans[i]?.start === spans[i - 1]?.end,
    }))
  }

  function entitiesOf(tokens: readonly LabelledToken[]): object[] {
    const read = (token: LabelledToken) => {
      const label = top(token.scores)
      return { ...token, label: labelOf(model, label), score: token.scores[label] ?? 0 }
    }
    const place = (span: LabelledToken['span']) => ({ start: span?.start ?? null, end: span?.end ?? null })
    const word = (ids: number[]) => tokenizer.decode(ids, { skip_special_tokens: true })
    if (aggregation === 'none')
      return tokens
        .map(read)
        .filter(({ label }) => !ignore.includes(label))
        .map(({ label, score, index, ids, span }) => ({
          entity: label,
          score,
          index,
          word: word(ids),
          ...place(span),
        }))
    const units = aggregation === 'simple' ? tokens : wordsOf(tokens, aggregation)
    return groupTokens(units.map(read))
      .filter(({ tag }) => !ignore.includes(tag))
      .map(({ tag, score, ids, span }) => ({ entity_group: tag, score, word: word(ids), ...place(span) }))
  }

  return {
    inputs: texts.map((text, i) => ({ text, field: `inputs[${i}]` })),
    truncate,
    take(index, { ids }, outputs) {
      const { data, width } = outputs('logits')
      items[index] = JSON.stringify(entitiesOf(tokensOf(texts[index] ?? '', ids, data, width)))
    },
    items: () => items,
  }
}
