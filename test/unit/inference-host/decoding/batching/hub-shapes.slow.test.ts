import { expect, test } from 'vitest'
import { TOLERANCE } from '../../../../../inference-host/decoding/serving-form/verify.ts'
import { widenWeights } from '../../../../fixtures/graphs/variants.ts'
import { ATTENTIONS, FORMS, HUB_SHAPES, mostApart } from '../../../../fixtures/hub-shapes.ts'
import { largestOf, promptOf, servedDecoder } from '../../../../fixtures/served-decoder.ts'

test('twenty decoders have so many forms of attention between them', () => {
  expect([HUB_SHAPES.length, FORMS.size]).toEqual([20, 14])
})

test.each([...FORMS])('%s: an answer among others is the one alone', async (_, form) => {
  const { group, headDim, attention } = form
  // Two heads of keys and values where that is cheap. Gemma 3 has one.
  const kvHeads = group * headDim > 256 ? 1 : 2
  const heads = kvHeads * group
  const sizes = { headDim, hidden: heads * headDim, context: 256 }
  const { stepsAlone, asked, description } = await servedDecoder(
    {
      ...{ layers: attention === 'operator' ? 1 : 2, wide: 64, vocab: 512, context: sizes.context },
      ...{ heads, kvHeads, hidden: sizes.hidden },
    },
    (model) => {
      widenWeights(model)
      ATTENTIONS[attention](model, sizes)
    },
  )
  // Where a token depends on what follows it, the export's own bits cannot be had with a cache.
  const most = description.fixedChunks === undefined ? mostApart(attention) : TOLERANCE.float32
  const prompts = [5, 18, 33, 130].map(promptOf)
  const together = await Promise.all(prompts.map((prompt, which) => asked(prompt, `account ${which}`, 3)))
  for (const [which, prompt] of prompts.entries()) {
    const found = together[which]?.steps ?? []
    const apart = largestOf(found, await stepsAlone(prompt, 3))
    expect(apart, `${prompt.length} tokens`).toBeLessThanOrEqual(most)
    expect(found.map(({ length }) => length)).toEqual([512, 512, 512])
  }
})
