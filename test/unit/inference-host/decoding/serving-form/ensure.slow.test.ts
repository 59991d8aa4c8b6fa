import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ensureServingForm } from '../../../../../inference-host/decoding/serving-form/ensure.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'

const { folder } = embeddedModel('twohop-chat')

test('what is there and right stays untouched, link or copy; what is not is replaced', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'serving-form-'))
  onTestFinished(() => rm(home, { recursive: true, maxRetries: 10 }))
  const graph = 'model_quantized'
  const ensure = (measure = false) =>
    ensureServingForm({ folder, graph, home, device: 'cpu', threads: 1, timeoutMs: 120_000, measure })
  const original = path.join(folder, 'onnx', `${graph}.onnx`)
  const there = path.join(home, `${graph}.onnx`)
  const idOf = async (file: string) => (await stat(file)).ino

  const first = await ensure()
  expect(first).toMatchObject({ description: { family: 'gqa' }, difference: { alone: 0, batch: 0 } })
  const linked = await idOf(there)
  // As in an image, whose layers keep no links.
  await rm(there)
  await copyFile(original, there)
  const copied = await idOf(there)
  expect(copied).not.toBe(linked)
  expect(await ensure()).toMatchObject({ description: { family: 'gqa' }, difference: undefined })
  expect(await idOf(there)).toBe(copied)
  expect(await ensure(true)).toMatchObject({ difference: { alone: 0, batch: 0 } })

  await writeFile(there, 'something else')
  const isThere = watched(there)
  expect(await ensure()).toMatchObject({ description: { family: 'gqa' } })
  expect((await stat(there)).size).toBe((await stat(original)).size)
  // Another host that begins in the same folder always finds a file.
  expect(isThere()).toBe(true)
  const names = await readdir(home)
  expect(names.filter((name) => name.includes('draft'))).toEqual([])
})

test('two hosts that begin at once in an empty folder both have the form', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'serving-form-'))
  onTestFinished(() => rm(home, { recursive: true, maxRetries: 10 }))
  const options = { folder, graph: 'model_quantized', home, device: 'cpu', threads: 1 } as const
  const ensure = () => ensureServingForm({ ...options, timeoutMs: 120_000 })
  const [one, other] = await Promise.all([ensure(), ensure()])
  expect(one).toMatchObject({ description: { family: 'gqa' } })
  expect(other).toMatchObject({ description: { family: 'gqa' } })
})

/** Looks for a file again and again, and says in the end whether it was always there. */
function watched(file: string): () => boolean {
  let always = true
  let next = setImmediate(look)
  function look() {
    always &&= existsSync(file)
    next = setImmediate(look)
  }
  return () => {
    clearImmediate(next)
    return always
  }
}
