import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  readServingRecord,
  recordFileOf,
  type ServingRecord,
} from '../../../../../inference-host/decoding/serving-form/record.ts'

const RECORD: ServingRecord = {
  recipe: 1,
  onnxruntime: '1.30.0',
  source: { 'model.onnx': { sha256: 'a', bytes: 1 } },
  file: { sha256: 'b', bytes: 2 },
  description: {
    family: 'gqa',
    layers: 2,
    kvHeads: 1,
    headDim: 8,
    vocab: 16,
    kvType: 'float32',
    newLayout: 'tokens-heads',
  },
}

/** What is read of a record with this text. */
async function read(text: string | undefined) {
  const folder = await mkdtemp(path.join(tmpdir(), 'record-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const form = path.join(folder, 'model.serving.onnx')
  if (text !== undefined) await writeFile(recordFileOf(form), text)
  return readServingRecord(form)
}

test.each([
  ['/a/model.serving.onnx', '/a/model.serving.json'],
  ['/a.onnx/model', '/a.onnx/model.json'],
])('the record of %s is %s', (form, record) => {
  expect(recordFileOf(form)).toBe(record)
})

test('a record is read as it was written', async () => {
  expect(await read(JSON.stringify(RECORD))).toEqual(RECORD)
})

describe('no record', () => {
  test.each([
    ['there is none', undefined],
    ['it is no JSON', '{"recipe":'],
    ['a field is missing', JSON.stringify({ ...RECORD, onnxruntime: undefined })],
    ['a field is unknown: another version may mean something by it', JSON.stringify({ ...RECORD, more: 1 })],
    [
      'its description is none',
      JSON.stringify({ ...RECORD, description: { ...RECORD.description, kvHeads: 0 } }),
    ],
  ])('where %s', async (_, text) => {
    expect(await read(text)).toBeUndefined()
  })
})
