import { expect, test } from 'vitest'
import { HUB_SHAPES } from '../../../../fixtures/hub-shapes.ts'
import { largest, promptOf, servedDecoder } from '../../../../fixtures/served-decoder.ts'

/** Heads of queries for one of keys and values, and their size: what a kernel tells apart. Each that the list has. */
const forms = new Map<string, [group: number, headDim: number]>()
for (const { heads, kvHeads, headDim } of HUB_SHAPES)
  if (heads !== undefined) forms.set(`${heads / kvHeads} of ${headDim}`, [heads / kvHeads, headDim])

test('fourteen of the listed decoders have nine forms of attention between them', () => {
  expect([HUB_SHAPES.filter(({ heads }) => heads !== undefined).length, forms.size]).toEqual([14, 9])
})

test.each([...forms])('groups of heads, %s: a token among others is the one alone', async (_, form) => {
  const [group, headDim] = form
  const { alone, asked } = await servedDecoder({
    ...{ layers: 1, wide: 64, vocab: 512, context: 256 },
    ...{ heads: 2 * group, kvHeads: 2, hidden: 2 * group * headDim },
  })
  const prompts = [5, 18, 33, 130].map(promptOf)
  const together = await Promise.all(prompts.map((prompt, which) => asked(prompt, `account ${which}`)))
  for (const [which, prompt] of prompts.entries()) {
    const found = together[which]?.logits ?? new Float32Array()
    expect([prompt.length, largest(found, await alone(prompt))]).toEqual([prompt.length, 0])
    expect(found.length).toBe(512)
  }
})
