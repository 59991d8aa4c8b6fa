import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { prepareServingForm } from '../../../../../inference-host/decoding/serving-form/prepare.ts'
import {
  readServingRecord,
  recordFileOf,
} from '../../../../../inference-host/decoding/serving-form/record.ts'
import { toServingForm } from '../../../../../inference-host/decoding/serving-form/rewrite.ts'
import { decodeOnnx, encodeOnnx, externalFiles } from '../../../../../inference-host/onnx/file.ts'
import { spellOutAttention } from '../../../../fixtures/graphs/spelled-out.ts'
import { TINY, tinyDecoder } from '../../../../fixtures/graphs/tiny-decoder.ts'
import { moveWeightsOut, normalizeQk, packQkv, toFloat16 } from '../../../../fixtures/graphs/variants.ts'
import { saved } from '../../../../fixtures/saved-graph.ts'

const DESCRIPTION = { layers: TINY.layers, kvHeads: TINY.kvHeads, headDim: TINY.headDim, vocab: TINY.vocab }

async function namesOf(file: string) {
  const { graph } = decodeOnnx(await readFile(file))
  return { inputs: graph.input.map(({ name }) => name), outputs: graph.output.map(({ name }) => name) }
}

const PAST = ['0.key', '0.value', '1.key', '1.value'].map((part) => `past_key_values.${part}`)
const NEW = PAST.map((name) => name.replace('past_key_values', 'new'))

test.each([
  ['rotary inside the operator', {}],
  ['rotary over neighbouring pairs', { interleaved: true }],
  ['rotary over half a head', { rotaryDim: 16 }],
  ['rotary outside, by position_ids', { rotary: 'outside' }],
  ['a head with a soft cap', { head: 'soft-cap' }],
  ['a head with a correction', { head: 'corrected' }],
  ['a 4-bit head, whose kernel for one row rounds otherwise', { head: 'four-bit' }],
  ['logits of the last position already', { head: 'last-position' }],
  ['an input that says how many logits', { head: 'logits-to-keep' }],
] as const)('GroupQueryAttention: %s', async (_, options) => {
  const places = await saved(tinyDecoder(options))
  const prepared = await prepareServingForm(places)
  expect(prepared).toMatchObject({
    description: { ...DESCRIPTION, family: 'gqa', kvType: 'float32', newLayout: 'tokens-heads' },
    verified: { measured: { alone: 0 } },
  })
  expect(await namesOf(places.outFile)).toEqual({
    inputs: ['input_ids', 'attention_mask', ...PAST],
    outputs: ['logits', ...NEW],
  })
})

test('GroupQueryAttention with normalized queries and keys', async () => {
  const model = tinyDecoder()
  normalizeQk(model)
  expect(await prepareServingForm(await saved(model))).toMatchObject({ verified: { measured: { alone: 0 } } })
})

// ONNX Runtime's CPU computes float16 in float32 between casts, and moves those with every change to a graph.
test('GroupQueryAttention in float16 is as equal as float16 is', async () => {
  const model = tinyDecoder()
  toFloat16(model)
  const prepared = await prepareServingForm(await saved(model))
  if ('unsupported' in prepared) throw new Error(prepared.unsupported)
  const { description, verified } = prepared
  expect(description).toMatchObject({ family: 'gqa', kvType: 'float16' })
  expect(verified?.measured.alone).toBeGreaterThan(0)
  expect(Math.max(verified?.measured.alone ?? 1, verified?.measured.batch ?? 1)).toBeLessThan(0.02)
})

test('a form for caches on a device gives the caches back as they came, and no new keys', async () => {
  const model = tinyDecoder({ rotary: 'outside' })
  expect(toServingForm(model, 'device')).toEqual({
    ...DESCRIPTION,
    family: 'gqa',
    kvType: 'float32',
    newLayout: 'in-place',
  })
  const { folder } = await saved(model)
  const { inputs, outputs } = await namesOf(path.join(folder, 'model.onnx'))
  expect(inputs).toEqual(['input_ids', 'attention_mask', ...PAST])
  expect(outputs).toEqual(['logits', ...PAST.map((name) => name.replace('past_key_values', 'present'))])
})

test('weights that lie in a file of their own stay there, and count', async () => {
  const model = tinyDecoder()
  const data = moveWeightsOut(model, 'model.onnx_data')
  const places = await saved(model)
  const dataFile = path.join(places.folder, 'model.onnx_data')
  await writeFile(dataFile, data)
  const made = await prepareServingForm(places)
  expect(made).toMatchObject({ verified: { measured: { alone: 0 } } })
  expect(externalFiles(decodeOnnx(await readFile(places.outFile)))).toEqual(['model.onnx_data'])
  expect(await prepareServingForm(places)).toEqual({ ...made, verified: undefined })
  data[0] = 255 - (data[0] ?? 0)
  await writeFile(dataFile, data)
  expect(await prepareServingForm(places)).toMatchObject({ verified: { measured: { alone: 0 } } })
})

test('spelled-out attention', async () => {
  const model = tinyDecoder()
  spellOutAttention(model)
  const places = await saved(model)
  const prepared = await prepareServingForm(places)
  expect(prepared).toMatchObject({
    description: { ...DESCRIPTION, family: 'spelled-out', kvType: 'float32', newLayout: 'heads-tokens' },
  })
  if ('unsupported' in prepared) throw new Error(prepared.unsupported)
  expect(prepared.verified?.measured.alone).toBeLessThan(1e-5)
  expect(prepared.verified?.measured.batch).toBeLessThan(1e-5)
  expect(await namesOf(places.outFile)).toEqual({
    inputs: ['input_ids', 'attention_mask', 'position_ids', ...PAST],
    outputs: ['logits', ...NEW],
  })
})

test('what has no serving form leaves no file behind', async () => {
  const model = tinyDecoder()
  packQkv(model)
  const places = await saved(model)
  await writeFile(places.outFile, 'of an older original')
  expect(await prepareServingForm(places)).toEqual({ unsupported: expect.stringContaining('packed QKV') })
  expect(await readdir(places.folder)).toEqual(['model.onnx'])
})

test('a graph that ONNX Runtime does not run is refused, not thrown', async () => {
  const model = tinyDecoder()
  for (const node of model.graph.node) if (node.op_type === 'Tanh') node.op_type = 'NoSuchOperator'
  const places = await saved(model)
  expect(await prepareServingForm(places)).toEqual({ unsupported: expect.stringContaining('does not run') })
  expect(await readdir(places.folder)).toEqual(['model.onnx'])
})

test('the same original gives the same bytes, with no weights in them', async () => {
  const [one, other] = [await saved(tinyDecoder()), await saved(tinyDecoder())]
  const [first, second] = [await prepareServingForm(one), await prepareServingForm(other)]
  expect(first).toEqual(second)
  const [bytes, original] = [await readFile(one.outFile), await readFile(one.modelFile)]
  expect(Buffer.compare(bytes, await readFile(other.outFile))).toBe(0)
  expect(bytes.byteLength).toBeLessThan(original.byteLength / 2)
  const { name } = path.parse(one.outFile)
  expect((await readdir(one.folder)).sort()).toEqual(['model.onnx', `${name}.json`, `${name}.onnx`])
})

test('an original that is a link to elsewhere is refused', async () => {
  const [{ modelFile }, { folder }] = [await saved(tinyDecoder()), await saved(tinyDecoder())]
  const link = path.join(folder, 'link.onnx')
  await symlink(modelFile, link)
  expect(
    await prepareServingForm({ modelFile: link, outFile: path.join(folder, 'link.serving.onnx') }),
  ).toEqual({
    unsupported: expect.stringContaining('link to another folder'),
  })
})

test('a form that is there is kept', async () => {
  const places = await saved(tinyDecoder())
  const made = await prepareServingForm(places)
  expect(await prepareServingForm(places)).toEqual({ ...made, verified: undefined })
})

test.each([
  [
    'another byte in the original',
    async ({ modelFile }: { modelFile: string }) => {
      await writeFile(modelFile, encodeOnnx({ ...tinyDecoder(), producer_name: 'TEST' }))
    },
  ],
  [
    'another byte in the form',
    async ({ outFile }: { outFile: string }) => {
      const bytes = await readFile(outFile)
      bytes[bytes.length - 1] = 255 - (bytes.at(-1) ?? 0)
      await writeFile(outFile, bytes)
    },
  ],
  [
    'another recipe',
    async ({ outFile }: { outFile: string }) => {
      const record = await readServingRecord(outFile)
      await writeFile(recordFileOf(outFile), JSON.stringify({ ...record, recipe: 0 }))
    },
  ],
  [
    'another ONNX Runtime',
    async ({ outFile }: { outFile: string }) => {
      const record = await readServingRecord(outFile)
      await writeFile(recordFileOf(outFile), JSON.stringify({ ...record, onnxruntime: '1.0.0' }))
    },
  ],
  [
    'a broken record',
    async ({ outFile }: { outFile: string }) => {
      await writeFile(recordFileOf(outFile), '{')
    },
  ],
] as const)('%s has it made anew', async (_, change) => {
  const places = await saved(tinyDecoder())
  const made = await prepareServingForm(places)
  await change(places)
  const again = await prepareServingForm(places)
  expect(again).toMatchObject({ verified: { measured: { alone: 0 } } })
  if (!('sha256' in made && 'sha256' in again)) throw new Error('it was refused')
  expect((await readServingRecord(places.outFile))?.file.sha256).toBe(again.sha256)
})

test('a serving form elsewhere, or in place of the original, is a mistake of the caller', async () => {
  const { modelFile, folder } = await saved(tinyDecoder())
  await expect(prepareServingForm({ modelFile, outFile: path.join(folder, 'x', 'a.onnx') })).rejects.toThrow(
    RangeError,
  )
  await expect(prepareServingForm({ modelFile, outFile: modelFile })).rejects.toThrow(RangeError)
})
