import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { lockFileOf, readLock, verifyModel, writeLock } from '../../../../inference-host/weights/lock.ts'
import { ModelEntry, readManifest } from '../../../../inference-host/weights/manifest.ts'
import { REPOSITORY } from '../../../fixtures/models.ts'
import { freshFolder, writeFiles } from '../../../fixtures/weights/folder.ts'

const FILES = {
  'config.json': '{}',
  'tokenizer.json': '{"a":1}',
  'tokenizer_config.json': '{"b":2}',
  'onnx/model_q4.onnx': 'weights',
}
const COMMIT = 'c'.repeat(40)
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex')
const locked = (files: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, content]) => [
      name,
      { sha256: sha256(content), bytes: content.length },
    ]),
  )

/** A manifest's folder with one locked model, of a folder or of the hub. */
async function lockedModel(
  over: Partial<ModelEntry> = {},
  files: Record<string, string> = FILES,
): Promise<{
  entry: ModelEntry
  folder: string
  verify: (entry?: ModelEntry) => Promise<{ folder: string }>
  manifestFile: string
}> {
  const root = await freshFolder()
  const manifestFile = path.join(root, 'models.json')
  const entry = ModelEntry.parse({ id: 'chat', source: './chat', task: 'text-generation', ...over })
  const hub = entry.source.startsWith('owner')
  const dtype = hub ? 'q4' : entry.dtype
  const folder = hub ? path.join(root, 'hub', entry.source, COMMIT, dtype) : path.join(root, 'chat')
  await writeFiles(folder, files)
  const from = hub ? { revision: 'main', commit: COMMIT } : {}
  await writeLock(manifestFile, {
    version: 1,
    models: { chat: { source: entry.source, ...from, dtype, files: locked(FILES) } },
  })
  const places = { manifestFile, modelsDir: path.join(root, 'hub') }
  return { entry, folder, manifestFile, verify: (other = entry) => verifyModel(other, places) }
}

describe('verifyModel', () => {
  test.each(['./chat', 'owner/name'])('accepts what was locked, from %s', async (source) => {
    const { verify, folder } = await lockedModel({ source })
    expect(await verify()).toMatchObject({ folder })
  })

  test.each(Object.keys(FILES))('refuses one changed byte of %s and names file and model', async (name) => {
    const { verify, folder } = await lockedModel()
    const bytes = await readFile(path.join(folder, name))
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    await writeFile(path.join(folder, name), bytes)
    await expect(verify()).rejects.toMatchObject({
      code: 'model_file_changed',
      message: expect.stringMatching(new RegExp(`^chat: ${name} `)),
    })
  })

  test('refuses a locked file that is gone', async () => {
    const { verify, folder } = await lockedModel()
    await rm(path.join(folder, 'tokenizer.json'))
    await expect(verify()).rejects.toMatchObject({
      code: 'model_file_missing',
      message: expect.stringContaining('tokenizer.json'),
    })
  })

  test('refuses a folder that is gone', async () => {
    const { verify, folder } = await lockedModel()
    await rm(folder, { recursive: true, maxRetries: 10 })
    await expect(verify()).rejects.toMatchObject({ code: 'model_not_found' })
  })

  test.each([
    'onnx/model.onnx',
    'onnx/model_q4.onnx_data',
    'generation_config.json',
    'special_tokens_map.json',
  ])('refuses %s, which would be loaded but is not locked', async (name) => {
    const { verify } = await lockedModel({}, { ...FILES, [name]: 'new' })
    await expect(verify()).rejects.toMatchObject({
      code: 'model_file_unlocked',
      message: expect.stringContaining(name),
    })
  })

  test.each(['README.md', 'reference.json', 'model.safetensors'])(
    'does not mind %s, which is never loaded',
    async (name) => {
      const { verify, folder } = await lockedModel({}, { ...FILES, [name]: 'new' })
      expect(await verify()).toMatchObject({ folder })
    },
  )

  test('with a dtype named, minds only the files of that dtype', async () => {
    const { verify, folder } = await lockedModel({ dtype: 'q4' }, { ...FILES, 'onnx/model.onnx': 'new' })
    expect(await verify()).toMatchObject({ folder })
  })

  test('reads through symbolic links, and refuses what they point to when it changes', async () => {
    const { verify, folder } = await lockedModel()
    const blob = path.join(folder, '..', 'blob')
    await writeFile(blob, FILES['tokenizer.json'])
    await rm(path.join(folder, 'tokenizer.json'))
    await symlink(blob, path.join(folder, 'tokenizer.json'))
    expect(await verify()).toMatchObject({ folder })
    await writeFile(blob, 'other')
    await expect(verify()).rejects.toMatchObject({ code: 'model_file_changed' })
  })

  test.each<[string, Partial<ModelEntry>]>([
    ['id', { id: 'other' }],
    ['id of the prototype', { id: 'constructor' }],
    ['source', { source: './elsewhere' }],
    ['dtype', { dtype: 'fp32' }],
  ])('refuses an entry whose %s is not the locked one', async (_, over) => {
    const { verify, entry } = await lockedModel()
    await expect(verify({ ...entry, ...over })).rejects.toMatchObject({ code: 'model_not_locked' })
  })

  test.each<Partial<ModelEntry>>([{ revision: 'v2' }, { dtype: 'fp32' }])(
    'refuses a hub entry that now asks for %j',
    async (over) => {
      const { verify, entry } = await lockedModel({ source: 'owner/name' })
      await expect(verify({ ...entry, ...over })).rejects.toMatchObject({ code: 'model_not_locked' })
    },
  )

  test('a manifest without a lock locks nothing', async () => {
    const { verify, manifestFile } = await lockedModel()
    await rm(lockFileOf(manifestFile))
    await expect(verify()).rejects.toMatchObject({ code: 'model_not_locked' })
  })
})

describe('the lock file', () => {
  test('lies beside the manifest', () => {
    expect(lockFileOf('/a/models.json')).toBe('/a/models.lock.json')
    expect(lockFileOf('/a/models')).toBe('/a/models.lock.json')
  })

  test.each([['../../etc/passwd'], ['/etc/passwd'], ['onnx/../../x'], ['..\\x']])(
    'that names %s is refused before anything is read',
    async (name) => {
      const { verify, manifestFile } = await lockedModel()
      const lock = await readLock(manifestFile)
      const text = JSON.stringify(lock).replace('tokenizer_config.json', JSON.stringify(name).slice(1, -1))
      await writeFile(lockFileOf(manifestFile), text)
      await expect(verify()).rejects.toMatchObject({
        code: 'lock_invalid',
        message: expect.stringContaining(`files.${name}: `),
      })
    },
  )

  test.each([
    '{',
    '{"version":2,"models":{}}',
    '{"version":1,"models":{"a":{"source":"o/n","dtype":"q4","files":{}}}}',
  ])('that reads %s is refused', async (text) => {
    const { verify, manifestFile } = await lockedModel()
    await writeFile(lockFileOf(manifestFile), text)
    await expect(verify()).rejects.toMatchObject({ code: 'lock_invalid' })
  })

  test('that cannot be read is an error, not an empty lock', async () => {
    const { verify, manifestFile } = await lockedModel()
    await rm(lockFileOf(manifestFile))
    await mkdir(lockFileOf(manifestFile))
    await expect(verify()).rejects.toMatchObject({ code: 'lock_invalid' })
  })
})

test('every model that the project ships is what its lock says', async () => {
  const manifestFile = path.join(REPOSITORY, 'inference-host/models.json')
  const { models } = await readManifest(manifestFile)
  expect(models.map(({ id }) => id)).toEqual(['twohop-chat', 'twohop-embed', 'twohop-classify'])
  for (const entry of models)
    await expect(verifyModel(entry, { manifestFile, modelsDir: REPOSITORY })).resolves.toMatchObject({
      folder: path.join(REPOSITORY, 'models', entry.id),
    })
})
