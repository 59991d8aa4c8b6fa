import { readdir, readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import {
  type Prepared,
  prepareServingForm,
} from '../../../../../inference-host/decoding/serving-form/prepare.ts'
import { recordFileOf } from '../../../../../inference-host/decoding/serving-form/record.ts'
import { verifyServingForm } from '../../../../../inference-host/decoding/serving-form/verify.ts'
import { decodeOnnx, encodeOnnx } from '../../../../../inference-host/onnx/file.ts'
import type { ModelProto } from '../../../../../inference-host/onnx/schema.ts'
import { type SpelledOut, spellOutAttention } from '../../../../fixtures/graphs/spelled-out.ts'
import { type TinyDecoder, tinyDecoder } from '../../../../fixtures/graphs/tiny-decoder.ts'
import { saved } from '../../../../fixtures/saved-graph.ts'

/** Prepares a tiny decoder, spoils its serving form, and asks again. */
async function verdictOn(model: ModelProto, spoil: (form: ModelProto) => void) {
  const places = await saved(model)
  const prepared = await prepareServingForm(places)
  if ('unsupported' in prepared) throw new Error(prepared.unsupported)
  const form = decodeOnnx(await readFile(places.outFile))
  spoil(form)
  await writeFile(places.outFile, encodeOnnx(form))
  const { modelFile, outFile: servingFile } = places
  const { description } = prepared
  const verdict = await verifyServingForm({ modelFile, servingFile, description, threads: 1 })
  expect((await readdir(places.folder)).filter((name) => name.includes('float32'))).toEqual([])
  return verdict
}

const rotationOf = (form: ModelProto) =>
  form.graph.node.filter(({ op_type }) => op_type === 'RotaryEmbedding')

test.each<[string, TinyDecoder, (form: ModelProto) => void]>([
  [
    'keys rotated the other way',
    {},
    (form) => {
      for (const { attribute = [] } of rotationOf(form))
        for (const entry of attribute) if (entry.name === 'interleaved') entry.i = 1
    },
  ],
  [
    'positions one too high',
    {},
    (form) => {
      for (const node of form.graph.node)
        if (node.output[0] === 'serving.before') node.input[1] = 'serving.zero'
    },
  ],
  [
    'keys of the other layer',
    {},
    (form) => {
      for (const node of form.graph.node) if (node.output[0] === 'new.1.value') node.input[0] = 'layers.0.v'
    },
  ],
  [
    'logits of the first position',
    {},
    (form) => {
      for (const tensor of form.graph.initializer)
        if (tensor.name === 'serving.last_index') tensor.raw_data = new Uint8Array(8)
      for (const tensor of form.graph.initializer)
        if (tensor.name === 'serving.last_index') delete tensor.int64_data
    },
  ],
])('GroupQueryAttention with %s is refused with the difference', async (_, options, spoil) => {
  const verdict = await verdictOn(tinyDecoder(options), spoil)
  expect(verdict).toEqual({
    unsupported: expect.stringMatching(/^its logits differ from the original's by \d/),
  })
})

test('spelled-out attention with a changed weight is refused with the difference', async () => {
  const model = tinyDecoder()
  spellOutAttention(model)
  const verdict = await verdictOn(model, (form) => {
    for (const tensor of form.graph.initializer) if (tensor.name === 'plain.lowest') tensor.float_data = [-3]
  })
  expect(verdict).toEqual({ unsupported: expect.stringMatching(/differ from the original's by \d.*float32/) })
})

test('GroupQueryAttention that rounds otherwise is taken, with the difference: a rule for every family', async () => {
  const verdict = await verdictOn(tinyDecoder(), (form) => {
    for (const tensor of form.graph.initializer)
      if (tensor.name === 'layers.1.norm.weight' || tensor.name === 'final.weight') {
        const weights = Array.from({ length: 32 }, () => 1 + 2 ** -20)
        Object.assign(tensor, { float_data: weights, raw_data: undefined })
      }
  })
  expect(verdict).toMatchObject({ measured: { alone: expect.any(Number) } })
  const { measured } = verdict as { measured: Record<string, number> }
  expect(measured.alone).toBeGreaterThan(0)
  expect(measured.alone).toBeLessThan(1e-4)
})

test('logits that are no numbers are refused', async () => {
  const verdict = await verdictOn(tinyDecoder({ head: 'soft-cap' }), (form) => {
    for (const tensor of form.graph.initializer)
      if (tensor.name === 'cap') tensor.raw_data = new Uint8Array(Float32Array.of(Number.NaN).buffer)
  })
  expect(verdict).toEqual({ unsupported: expect.stringContaining('NaN') })
})

test('logits of more than one position are refused', async () => {
  const verdict = await verdictOn(tinyDecoder(), (form) => {
    for (const node of form.graph.node)
      if (node.output[0] === 'logits')
        Object.assign(node, { op_type: 'Identity', attribute: [], input: node.input.slice(0, 1) })
    for (const output of form.graph.output)
      if (output.name === 'logits') delete output.type?.tensor_type?.shape
  })
  expect(verdict).toEqual({ unsupported: expect.stringContaining('one position a slot') })
})

// Graphs that no reading refuses. In the short cache of the first comparison each is right.
describe('a mask that goes by columns is seen in a cache as wide as the context', () => {
  const masks: [string, SpelledOut, RegExp][] = [
    [
      'a sliding window of 64',
      { window: 64, fractions: true },
      /^its logits differ from the original's by \d\S* with float32 activations in a cache as wide as its context$/,
    ],
    ['a table that ends after 128', { table: 128, tableRows: 130 }, /^it does not run: /],
  ]
  const prepared = async (mask: SpelledOut, context: number) => {
    const model = tinyDecoder()
    spellOutAttention(model, mask)
    return prepareServingForm({ ...(await saved(model)), context })
  }
  test.each(masks)('%s', async (_, mask, why) => {
    expect(await prepared(mask, 256)).toEqual({ unsupported: expect.stringMatching(why) })
  })
  test('and a window is none where a context is not wider', async () => {
    expect(await prepared({ window: 128, fractions: true }, 64)).toMatchObject({
      verified: { measured: { wide: expect.any(Number) } },
    })
  })
})

test('a form is verified anew where its model can hold more than it could', async () => {
  const model = tinyDecoder()
  spellOutAttention(model)
  const places = await saved(model)
  const made = async (context: number) => {
    const { verified } = (await prepareServingForm({ ...places, context })) as Prepared
    return [verified !== undefined, JSON.parse(await readFile(recordFileOf(places.outFile), 'utf8')).columns]
  }
  expect(await made(100)).toEqual([true, 128])
  expect(await made(128)).toEqual([false, 128])
  expect(await made(300)).toEqual([true, 320])
})
