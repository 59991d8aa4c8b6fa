import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { ServingForm } from '../../../../../inference-host/decoding/serving-form/ensure.ts'
import { servingFormOf } from '../../../../../inference-host/decoding/serving-form/of-model.ts'
import { recordFileOf } from '../../../../../inference-host/decoding/serving-form/record.ts'
import { RECIPE_VERSION } from '../../../../../inference-host/decoding/serving-form/rewrite.ts'
import { digestFile } from '../../../../../inference-host/weights/digest.ts'
import type { LockedForm, LockedModel } from '../../../../../inference-host/weights/lock.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'

const { folder } = embeddedModel('twohop-chat')
const GRAPH = 'onnx/model_quantized.onnx'
let files: LockedModel['files']

beforeAll(async () => {
  files = { [GRAPH]: await digestFile(path.join(folder, GRAPH)) }
})

/** A folder for serving forms, and a form of the embedded model that was made there. */
async function prepared() {
  const modelsDir = await mkdtemp(path.join(tmpdir(), 'serving-form-'))
  onTestFinished(() => rm(modelsDir, { recursive: true, maxRetries: 10 }))
  const ensure = async (locked: Pick<LockedModel, 'files' | 'serving'>) => {
    const form = await servingFormOf({
      id: 'chat',
      folder,
      locked,
      dtype: 'q8',
      device: 'cpu',
      modelsDir,
      threads: 1,
      timeoutMs: 120_000,
    })
    if ('unsupported' in form) throw new Error(form.unsupported)
    return form
  }
  const form = await ensure({ files })
  return { form, ensure, serving: lockedForm(form) }
}

function lockedForm({ sha256, bytes }: ServingForm): LockedForm {
  return { dtype: 'q8', recipe: RECIPE_VERSION, sha256, bytes }
}

/** A form that somebody changed together with its record, so that the two still agree. */
async function tamperWith({ file }: ServingForm): Promise<void> {
  // A field that ONNX does not know: the graph is still read, and is another file.
  await appendFile(file, Uint8Array.of(0xfa, 0x07, 0x01, 0x78))
  const record = JSON.parse(await readFile(recordFileOf(file), 'utf8'))
  await writeFile(recordFileOf(file), JSON.stringify({ ...record, file: await digestFile(file) }))
}

const wasMade = ({ difference }: ServingForm) => difference !== undefined

test('a form that is what was locked is used as it is; one that is not is made anew', async () => {
  const { form, ensure, serving } = await prepared()
  const kept = await ensure({ files, serving })
  expect([wasMade(kept), kept.sha256]).toEqual([false, serving.sha256])

  await tamperWith(form)
  const unlocked = await ensure({ files })
  expect([wasMade(unlocked), unlocked.sha256 === serving.sha256]).toEqual([false, false])
  const anew = await ensure({ files, serving })
  expect([wasMade(anew), anew.sha256]).toEqual([true, serving.sha256])
  expect(await digestFile(form.file)).toEqual({ sha256: serving.sha256, bytes: serving.bytes })
})

test('where the new one is not what was locked either, it says what to do', async () => {
  const { ensure, serving } = await prepared()
  const other = { ...serving, sha256: 'f'.repeat(64) }
  await expect(ensure({ files, serving: other })).rejects.toMatchObject({
    code: 'serving_form_changed',
    message: expect.stringMatching(/^chat: .*run npm run models:pull$/),
  })
})

test('what was locked of another recipe or dtype says nothing of it', async () => {
  const { ensure, serving } = await prepared()
  const other = { ...serving, sha256: 'f'.repeat(64) }
  for (const differs of [{ recipe: RECIPE_VERSION + 1 }, { dtype: 'q4' as const }])
    expect(wasMade(await ensure({ files, serving: { ...other, ...differs } }))).toBe(false)
})

test('weights that were hashed a moment ago are not read once more', async () => {
  const { ensure } = await prepared()
  // What is handed over counts: here it says that the original is another one.
  expect(wasMade(await ensure({ files: { [GRAPH]: { sha256: 'e'.repeat(64), bytes: 1 } } }))).toBe(true)
})
