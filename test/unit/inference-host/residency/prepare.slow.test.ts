import { statSync } from 'node:fs'
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { leastKvBytes } from '../../../../inference-host/decoding/batching/served-context.ts'
import type { DecoderShape } from '../../../../inference-host/decoding/batching/shape.ts'
import { readServingRecord } from '../../../../inference-host/decoding/serving-form/record.ts'
import type { WorkerData } from '../../../../inference-host/model-process/messages.ts'
import { decodeOnnx, encodeOnnx } from '../../../../inference-host/onnx/file.ts'
import { infoOf, prepareModel } from '../../../../inference-host/residency/prepare.ts'
import { spellOutAttention } from '../../../fixtures/graphs/spelled-out.ts'
import { writeTinySeq2seq } from '../../../fixtures/graphs/tiny-seq2seq-folder.ts'
import { embeddedModel } from '../../../fixtures/models.ts'
import { lockedModels } from '../../../fixtures/residency/locked-models.ts'

const CHAT = { id: 'chat', source: embeddedModel('twohop-chat').folder, task: 'text-generation' }
const EMBED = { id: 'embed', source: embeddedModel('twohop-embed').folder, task: 'feature-extraction' }
const MIB = 2 ** 20
const BUDGET = { host: 1024 * MIB, device: 0 }

/** Prepares one model, as a host does with these variables. */
async function prepared(
  model: Parameters<typeof lockedModels>[0][number],
  variables: Record<string, string> = {},
  budget = BUDGET,
) {
  const { entries, config, log, told, remove } = await lockedModels([model], variables)
  onTestFinished(remove)
  const [entry] = entries
  if (entry === undefined) throw new Error('the manifest is empty')
  return { told, ...(await prepareModel(entry, config, budget, log)) }
}

function shapeOf(batched: WorkerData['batched']): DecoderShape {
  if (batched === undefined) throw new Error('it is not batched')
  return batched.description
}

async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'prepare-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

describe('an encoder', () => {
  test('has one form, a copy of its weights for each of its threads, and no caches', async () => {
    const one = await prepared(EMBED, { HOST_THREADS: '1' })
    const two = await prepared(EMBED, { HOST_THREADS: '2' })
    expect(one.forms).toHaveLength(1)
    const [{ data, need }] = one.forms
    expect(data).toMatchObject({ id: 'embed', device: 'cpu', dtype: 'q8', task: EMBED.task, threads: 1 })
    expect(data).not.toHaveProperty('batched')
    expect(data).not.toHaveProperty('seq2seq')
    const bytes = statSync(path.join(EMBED.source, 'onnx/model_quantized.onnx')).size
    expect(two.forms[0].need.host - need.host).toBeGreaterThanOrEqual(bytes)
    expect(one.told('device')).toMatchObject([{ model: 'embed', chosen: 'cpu' }])
  })

  test('tells what clients may know of it before it is loaded', async () => {
    expect(await infoOf(await prepared(EMBED))).toEqual({
      id: 'embed',
      task: 'feature-extraction',
      device: 'cpu',
      dtype: 'q8',
      context: 256,
      overhead: { request: 0, item: 2 },
    })
  })
})

describe('a decoder', () => {
  test('is batched: as many slots as are asked for and a spare one, within a quarter of the memory', async () => {
    const { forms, told } = await prepared(CHAT, { HOST_SLOTS: '4' }, { host: 64 * MIB, device: 0 })
    const [{ data, need }] = forms
    expect(data.batched).toMatchObject({ slots: 5, memoryBytes: 16 * MIB, publicPrefixes: [] })
    // A process, its caches, and the structures of its answers.
    expect(need.host).toBeGreaterThan((190 + 16 + 32) * MIB)
    expect(told('batching')).toMatchObject([{ model: 'chat', kv_mb: 16 }])
    expect(told('one_at_a_time')).toEqual([])
  })

  test('has no more for its caches than HOST_KV_MB, and the context and shared beginnings of its entry', async () => {
    const model = await prepared(
      { ...CHAT, context: 512, public_prefixes: ['Be kind.'] },
      { HOST_KV_MB: '24' },
    )
    const [{ data }] = model.forms
    expect(data.batched).toMatchObject({ memoryBytes: 24 * MIB, publicPrefixes: ['Be kind.'] })
    expect(await infoOf(model)).toMatchObject({ context: 512 })
  })

  test('is not where one slot is asked for', async () => {
    const { forms, told } = await prepared(CHAT, { HOST_SLOTS: '1' })
    expect(forms[0].data).not.toHaveProperty('batched')
    expect(told('batching')).toEqual([])
  })

  test('has the context that its caches hold, where its entry names none, and says so', async () => {
    const capped = await prepared(CHAT, { HOST_KV_MB: '6' })
    const { data } = capped.forms[0]
    expect(data.context).toBeGreaterThanOrEqual(1024)
    expect(data.context).toBeLessThan(2048)
    expect(data.batched?.memoryBytes).toBe(6 * MIB)
    expect(leastKvBytes(shapeOf(data.batched), data.context ?? 0)).toBeLessThanOrEqual(6 * MIB)
    expect(await infoOf(capped)).toMatchObject({ context: data.context })
    expect(capped.told('context_capped')).toMatchObject([{ model: 'chat', context: data.context, of: 2048 }])
    expect(capped.told('batching')).toMatchObject([{ kv_mb: 6 }])
    const given = await prepared({ ...CHAT, context: 2048 }, { HOST_KV_MB: '6' })
    expect(given.forms[0].data).not.toHaveProperty('batched')
    expect(given.told('one_at_a_time')).toMatchObject([
      { why: expect.stringContaining('for 2048 tokens of context') },
    ])
    expect(await infoOf(given)).toMatchObject({ context: 2048 })
  })

  test('under HOST_EXACT is batched where its form is exact alone, and not where attention is spelled out', async () => {
    const plain = await prepared(CHAT, { HOST_EXACT: 'true' })
    expect(plain.forms[0].data).toHaveProperty('batched')
    const source = await ownFolder()
    await cp(CHAT.source, source, { recursive: true })
    const file = path.join(source, 'onnx/model_quantized.onnx')
    const model = decodeOnnx(await readFile(file))
    spellOutAttention(model)
    await writeFile(file, encodeOnnx(model))
    const spelledOut = await prepared({ ...CHAT, source }, { HOST_EXACT: 'true' })
    expect(spelledOut.forms[0].data).not.toHaveProperty('batched')
    expect(spelledOut.told('one_at_a_time')).toMatchObject([
      { why: expect.stringMatching(/^HOST_EXACT is set, and /) },
    ])
    const loose = await prepared({ ...CHAT, source })
    const { batched } = loose.forms[0].data
    expect(loose.forms[0].data).toHaveProperty('batched')
    // Its graph sees columns, so it was tried in a cache of its whole context.
    const record = await readServingRecord(batched?.file ?? '')
    expect([record?.columns, (await loose.description()).context]).toEqual([2048, 2048])
  })

  test('nor where one request would not fit, and says how much it takes', async () => {
    const { forms, told } = await prepared(CHAT, { HOST_KV_MB: '1' })
    expect(forms[0].data).not.toHaveProperty('batched')
    expect(told('one_at_a_time')).toMatchObject([
      {
        model: 'chat',
        why: expect.stringMatching(/^HOST_KV_MB must be at least \d+ for 1024 tokens of context$/),
      },
    ])
  })
})

describe('an encoder-decoder', () => {
  test('has slots as a decoder, and caches of 256 MiB or a quarter of the memory at most', async () => {
    const source = await ownFolder()
    await writeTinySeq2seq(source, { family: 't5' })
    const model = { id: 'sum', source, task: 'summarization' }
    const [{ data }] = (
      await prepared(model, { HOST_SLOTS: '4', HOST_KV_MB: '2000' }, { host: 8192 * MIB, device: 0 })
    ).forms
    expect(data.seq2seq).toEqual({ slots: 5, memoryBytes: 256 * MIB, exact: false })
    const [small] = (
      await prepared(model, { HOST_SLOTS: '4', HOST_EXACT: 'true' }, { host: 64 * MIB, device: 0 })
    ).forms
    expect(small.data.seq2seq).toEqual({ slots: 5, memoryBytes: 16 * MIB, exact: true })
    const [alone] = (await prepared(model, { HOST_SLOTS: '1' })).forms
    expect(alone.data).not.toHaveProperty('seq2seq')
  })
})

test('a model of which a byte has changed since it was locked is not prepared', async () => {
  const source = await ownFolder()
  await cp(EMBED.source, source, { recursive: true })
  const { entries, config, log, told, remove } = await lockedModels([{ ...EMBED, source }])
  onTestFinished(remove)
  await appendFile(path.join(source, 'onnx/model_quantized.onnx'), '\0')
  const [entry] = entries
  if (entry === undefined) throw new Error('the manifest is empty')
  await expect(prepareModel(entry, config, BUDGET, log)).rejects.toMatchObject({ code: 'model_file_changed' })
  expect(told('device')).toEqual([])
})
