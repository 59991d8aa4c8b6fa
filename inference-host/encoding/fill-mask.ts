import { TwohopError } from '../../shared/errors.ts'
import type { EncodeWork } from '../work/encode.ts'
import type { EncoderModel, Reading } from './reader.ts'
import { highest, softmax } from './scores.ts'

/**
 * Fill-mask: the likeliest tokens for the first mask of each text, with the text that each would make.
 * @throws TwohopError `invalid_request` where a text has no mask, or a target is not one token
 */
export function readMasks(
  { tokenizer }: EncoderModel,
  { texts, topK, targets }: Extract<EncodeWork, { kind: 'fill_mask' }>,
): Reading {
  const { mask_token: mask, mask_token_id: maskId } = tokenizer
  for (const [i, text] of texts.entries())
    if (!text.includes(mask))
      throw new TwohopError('invalid_request', `Expected a text with ${mask}, found none in it.`, {
        param: `inputs[${i}]`,
      })
  const among = targets?.map((target, i) => {
    const [id, ...more] = tokenizer.encode(target, { add_special_tokens: false })
    if (id !== undefined && more.length === 0) return id
    throw new TwohopError(
      'invalid_request',
      `Expected one token of the model, found ${id === undefined ? 'none' : more.length + 1}.`,
      {
        param: `parameters.targets[${i}]`,
      },
    )
  })
  const items: string[] = []
  return {
    inputs: texts.map((text, i) => ({ text, field: `inputs[${i}]` })),
    truncate: false,
    take(index, { ids }, outputs) {
      const { data, width } = outputs('logits')
      const place = ids.indexOf(maskId)
      const probabilities = softmax(data.subarray(place * width, (place + 1) * width))
      const candidates = among ?? Array.from(probabilities.keys())
      const best = highest(
        candidates.map((id) => probabilities[id] ?? 0),
        topK,
      )
      const filled = best.map((at) => {
        const token = candidates[at] ?? 0
        return {
          score: probabilities[token],
          token,
          token_str: tokenizer.decode([token]),
          sequence: tokenizer.decode(ids.with(place, token), { skip_special_tokens: true }),
        }
      })
      items[index] = JSON.stringify(filled)
    },
    items: () => items,
  }
}
