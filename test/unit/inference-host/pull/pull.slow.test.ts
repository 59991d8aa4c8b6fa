import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readLock, verifyModel } from '../../../../inference-host/weights/lock.ts'
import { ModelEntry } from '../../../../inference-host/weights/manifest.ts'
import { writeFiles } from '../../../fixtures/weights/folder.ts'
import { COMMIT, faults, REPOSITORY_ID, sha256 } from '../../../fixtures/weights/hub-server.ts'
import { hubEntry, setUp, TOKEN } from '../../../fixtures/weights/small-pull.ts'
import { TINY_FILES, TINY_WEIGHTS, tinyModel } from '../../../fixtures/weights/tiny-model.ts'

describe('pulling from a hub', () => {
  test('brings what is needed and nothing else, locks it, and says what the catalog needs', async () => {
    const { run, model, folder, manifestFile, modelsDir, progress } = await setUp()
    const [pulled] = await run()
    expect(pulled).toEqual({
      id: 'tiny',
      folder,
      dtype: 'q8',
      commit: COMMIT,
      files: TINY_FILES.length,
      bytes: TINY_FILES.reduce((sum, name) => sum + (model[name]?.length ?? 0), 0),
      catalog: {
        id: 'tiny',
        tasks: ['embedding', 'feature-extraction'],
        context: 32,
        overhead: { request: 0, item: 0 },
      },
      warning: undefined,
    })
    for (const name of TINY_FILES)
      expect(sha256(await readFile(path.join(folder, name)))).toBe(sha256(model[name] as Uint8Array))
    expect(existsSync(path.join(folder, 'README.md'))).toBe(false)
    expect(existsSync(path.join(folder, 'onnx/model.onnx'))).toBe(false)

    const locked = (await readLock(manifestFile)).models.tiny
    expect(locked).toMatchObject({ source: REPOSITORY_ID, revision: 'main', commit: COMMIT, dtype: 'q8' })
    expect(Object.keys(locked?.files ?? {})).toEqual(TINY_FILES)
    await expect(verifyModel(ModelEntry.parse(hubEntry), { manifestFile, modelsDir })).resolves.toEqual({
      folder,
      locked,
    })
    expect(
      progress
        .filter(({ done }) => done)
        .map(({ file }) => file)
        .sort(),
    ).toEqual(TINY_FILES)
  })

  test('asks for the revision, then for the files of the commit that it is', async () => {
    const { run, hub } = await setUp({ entry: { ...hubEntry, revision: 'refs/pr/1' } })
    await run()
    expect(hub.seen.hub[0]?.url).toBe(`/api/models/${REPOSITORY_ID}/revision/refs%2Fpr%2F1?blobs=true`)
    expect(hub.seen.hub).toHaveLength(1 + TINY_FILES.length)
    for (const { url } of hub.seen.hub.slice(1))
      expect(url).toMatch(new RegExp(`^/${REPOSITORY_ID}/resolve/${COMMIT}/`))
  })

  test('sends the token to the hub alone, never to where the hub redirects', async () => {
    const { run, hub, lockFile } = await setUp()
    await run()
    expect(hub.seen.hub.length).toBe(1 + TINY_FILES.length)
    for (const { authorization } of hub.seen.hub) expect(authorization).toBe(`Bearer ${TOKEN}`)
    expect(hub.seen.storage.length).toBe(2)
    for (const { authorization } of hub.seen.storage) expect(authorization).toBeUndefined()
    expect(await readFile(lockFile, 'utf8')).not.toContain(TOKEN)
  })

  test('does not fetch again what is there', async () => {
    const { run, hub } = await setUp()
    await run()
    const before = hub.seen.hub.length
    await run()
    expect(hub.seen.hub.slice(before).map(({ url }) => url)).toEqual([
      `/api/models/${REPOSITORY_ID}/revision/main?blobs=true`,
    ])
  })

  test('fetches again a file that was damaged on the disk', async () => {
    const { run, folder, model } = await setUp()
    await run()
    await writeFile(path.join(folder, TINY_WEIGHTS), 'damaged')
    await run()
    expect(await readFile(path.join(folder, TINY_WEIGHTS))).toEqual(model[TINY_WEIGHTS])
  })
})

describe('a frozen pull', () => {
  test('brings what is locked without asking what the revision is now', async () => {
    const { run, hub, modelsDir, folder } = await setUp()
    await run()
    await rm(modelsDir, { recursive: true, maxRetries: 10 })
    const before = hub.seen.hub.length
    expect((await run({ frozen: true }))[0]).toMatchObject({ folder, commit: COMMIT })
    expect(hub.seen.hub.slice(before).every(({ url }) => url.includes(`/resolve/${COMMIT}/`))).toBe(true)
    expect(hub.seen.hub.length - before).toBe(TINY_FILES.length)
  })

  test('refuses what differs from the lock, and leaves the lock alone', async () => {
    const { run, hub, modelsDir, model, lockFile } = await setUp()
    await run()
    const lock = await readFile(lockFile, 'utf8')
    await rm(modelsDir, { recursive: true, maxRetries: 10 })
    const other = faults.served(new Uint8Array(model['config.json']?.length ?? 0))
    hub.script('hub config.json', other, other, other)
    await expect(run({ frozen: true })).rejects.toMatchObject({ code: 'download_corrupt' })
    expect(await readFile(lockFile, 'utf8')).toBe(lock)
  })

  test('refuses a manifest that asks for more than is locked', async () => {
    const { run } = await setUp()
    await expect(run({ frozen: true })).rejects.toMatchObject({ code: 'model_not_locked' })
  })

  test('refuses a folder that changed', async () => {
    const { run, manifestFile } = await setUp({ entry: { ...hubEntry, source: './tiny' } })
    const folder = path.join(path.dirname(manifestFile), 'tiny')
    await writeFiles(folder, tinyModel())
    await run()
    await run({ frozen: true })
    await writeFile(path.join(folder, 'config.json'), '{"max_position_embeddings":64}')
    await expect(run({ frozen: true })).rejects.toMatchObject({ code: 'model_file_changed' })
  })
})

describe('pulling a folder', () => {
  test('hashes it where it lies, in every dtype, and copies nothing', async () => {
    const { run, manifestFile, hub, modelsDir } = await setUp({ entry: { ...hubEntry, source: './tiny' } })
    const folder = path.join(path.dirname(manifestFile), 'tiny')
    await writeFiles(folder, tinyModel())
    expect((await run())[0]).toMatchObject({ folder, dtype: 'auto', commit: undefined })
    const { tiny } = (await readLock(manifestFile)).models
    expect(Object.keys(tiny?.files ?? {})).toEqual([
      ...TINY_FILES.slice(0, 1),
      'onnx/model.onnx',
      ...TINY_FILES.slice(1),
    ])
    expect(hub.seen.hub).toEqual([])
    expect(existsSync(modelsDir)).toBe(false)
  })

  test('that is not there is named', async () => {
    const { run } = await setUp({ entry: { ...hubEntry, source: './none' } })
    await expect(run()).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining('none'),
    })
  })
})
