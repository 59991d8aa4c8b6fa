import { existsSync } from 'node:fs'
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Progress } from '../../../../inference-host/pull/pull.ts'
import { writeFiles } from '../../../fixtures/weights/folder.ts'
import { faults, sha256 } from '../../../fixtures/weights/hub-server.ts'
import { setUp } from '../../../fixtures/weights/small-pull.ts'
import { TINY_WEIGHTS } from '../../../fixtures/weights/tiny-model.ts'

/** Milliseconds without data that end a transfer here; so many that a busy machine makes none of its own. */
const STALL_MS = 2000

describe('a transfer that breaks off', () => {
  const etagOf = (content: Uint8Array) => `"${sha256(content).slice(0, 32)}"`

  test('goes on from the byte where it stopped, if the file is still the same', async () => {
    const { run, hub, model, folder, waits } = await setUp()
    const weights = model[TINY_WEIGHTS] as Uint8Array
    hub.script(`storage ${TINY_WEIGHTS}`, faults.stalled(weights, 80_000, etagOf(weights)))
    await run({ stallMs: STALL_MS })
    const [first, second] = hub.seen.storage.filter(({ url }) => url.includes(`${TINY_WEIGHTS}?`))
    expect(first?.range).toBeUndefined()
    expect(second).toMatchObject({ range: 'bytes=80000-', ifRange: etagOf(weights) })
    expect(await readFile(path.join(folder, TINY_WEIGHTS))).toEqual(model[TINY_WEIGHTS])
    expect(waits).toEqual([250])
  })

  test('goes on in the next pull, too', async () => {
    const { run, hub, model, folder } = await setUp()
    const weights = model[TINY_WEIGHTS] as Uint8Array
    hub.script(`storage ${TINY_WEIGHTS}`, faults.stalled(weights, 80_000, etagOf(weights)))
    await expect(run({ attempts: 1, stallMs: STALL_MS })).rejects.toMatchObject({
      code: 'download_truncated',
    })
    await run()
    expect(hub.seen.storage.map(({ range }) => range)).toContain('bytes=80000-')
    expect(await readFile(path.join(folder, TINY_WEIGHTS))).toEqual(model[TINY_WEIGHTS])
    expect(existsSync(path.join(folder, `${TINY_WEIGHTS}.part`))).toBe(false)
    expect(existsSync(path.join(folder, `${TINY_WEIGHTS}.part.etag`))).toBe(false)
  })

  test('starts over when the file has changed since', async () => {
    const { run, hub, model, folder } = await setUp()
    const weights = model[TINY_WEIGHTS] as Uint8Array
    hub.script(`storage ${TINY_WEIGHTS}`, faults.stalled(weights, 80_000, '"of another time"'))
    await run({ stallMs: STALL_MS })
    expect(hub.seen.storage.map(({ range }) => range)).toContain('bytes=80000-')
    expect(await readFile(path.join(folder, TINY_WEIGHTS))).toEqual(model[TINY_WEIGHTS])
  })

  test('starts over without a strong ETag', async () => {
    const { run, hub, model } = await setUp()
    const weights = model[TINY_WEIGHTS] as Uint8Array
    hub.script(`storage ${TINY_WEIGHTS}`, faults.stalled(weights, 80_000, `W/${etagOf(weights)}`))
    await run({ stallMs: STALL_MS })
    expect(hub.seen.storage).toHaveLength(3)
    for (const { range } of hub.seen.storage) expect(range).toBeUndefined()
  })

  test('starts over when more is there than the file has', async () => {
    const { run, model, folder } = await setUp()
    const weights = model[TINY_WEIGHTS] as Uint8Array
    await writeFiles(folder, {
      [`${TINY_WEIGHTS}.part`]: new Uint8Array(weights.length + 5),
      [`${TINY_WEIGHTS}.part.etag`]: etagOf(weights),
    })
    await run()
    expect(await readFile(path.join(folder, TINY_WEIGHTS))).toEqual(model[TINY_WEIGHTS])
  })

  test('is given up after the last try, by its cause', async () => {
    const { run, hub, model, lockFile, folder, waits } = await setUp()
    const weights = model[TINY_WEIGHTS] as Uint8Array
    const cut = faults.truncated(weights, 1000, `W/${etagOf(weights)}`)
    hub.script(`storage ${TINY_WEIGHTS}`, cut, cut, cut)
    await expect(run()).rejects.toMatchObject({
      code: 'download_truncated',
      message: expect.stringMatching(
        /^owner\/name\/onnx\/model_quantized.onnx: ended after \d+ of 200000 bytes/,
      ),
    })
    expect(waits).toEqual([250, 500])
    expect(existsSync(lockFile)).toBe(false)
    expect(existsSync(path.join(folder, TINY_WEIGHTS))).toBe(false)
  })

  test('is noticed when it only stalls', async () => {
    const { run, hub, model } = await setUp()
    const weights = model[TINY_WEIGHTS] as Uint8Array
    hub.script(`storage ${TINY_WEIGHTS}`, faults.stalled(weights, 1000, etagOf(weights)))
    await expect(run({ stallMs: STALL_MS, attempts: 1 })).rejects.toMatchObject({
      code: 'download_truncated',
      message: expect.stringContaining('no data for 2 s'),
    })
  })
})

test('an interrupted pull says so, keeps what it has, and goes on later', async () => {
  const { run, hub, model, folder, progress } = await setUp()
  const weights = model[TINY_WEIGHTS] as Uint8Array
  const etag = `"${sha256(weights).slice(0, 32)}"`
  hub.script(`storage ${TINY_WEIGHTS}`, faults.stalled(weights, 1000, etag))
  const interrupt = new AbortController()
  const onProgress = (event: Progress) => {
    progress.push(event)
    if (event.file === TINY_WEIGHTS && event.received > 0) interrupt.abort()
  }
  await expect(run({ signal: interrupt.signal, onProgress })).rejects.toMatchObject({
    code: 'pull_interrupted',
  })
  const { size } = await stat(path.join(folder, `${TINY_WEIGHTS}.part`))
  expect(size).toBe(1000)
  await run()
  expect(hub.seen.storage.map(({ range }) => range)).toContain('bytes=1000-')
})

describe('a wrong file', () => {
  test.each([
    ['of the same size', 200_000],
    ['that is longer', 200_001],
    ['that is shorter', 199_999],
  ])('%s is refused and leaves nothing behind', async (_, size) => {
    const { run, hub, folder, lockFile } = await setUp()
    const wrong = faults.served(new Uint8Array(size), { etag: '"x"' })
    hub.script(`storage ${TINY_WEIGHTS}`, wrong, wrong, wrong)
    await expect(run()).rejects.toMatchObject({
      code: size < 200_000 ? 'download_truncated' : 'download_corrupt',
    })
    expect(existsSync(path.join(folder, TINY_WEIGHTS))).toBe(false)
    if (size >= 200_000) expect(existsSync(path.join(folder, `${TINY_WEIGHTS}.part`))).toBe(false)
    expect(existsSync(lockFile)).toBe(false)
  })

  test('once is made good by the next try', async () => {
    const { run, hub, folder, model } = await setUp()
    hub.script(`storage ${TINY_WEIGHTS}`, faults.served(new Uint8Array(200_000), { etag: '"x"' }))
    await run()
    expect(await readFile(path.join(folder, TINY_WEIGHTS))).toEqual(model[TINY_WEIGHTS])
  })

  test('of a commit that was locked before is refused: a commit never changes', async () => {
    const { run, folder, model, hub } = await setUp()
    await run()
    await writeFile(path.join(folder, 'config.json'), 'damaged')
    const other = faults.served(new Uint8Array(model['config.json']?.length ?? 0))
    hub.script('hub config.json', other, other, other)
    await expect(run()).rejects.toMatchObject({ code: 'download_corrupt' })
  })

  test('of unknown size is refused', async () => {
    const { run, hub } = await setUp()
    hub.script('hub config.json', (_, response) => {
      response.writeHead(200)
      response.write('{')
      response.end('}')
    })
    await expect(run()).rejects.toMatchObject({
      code: 'hub_failed',
      message: expect.stringContaining('how large'),
    })
  })
})

describe('a disk that refuses', () => {
  test('for lack of space ends the pull at once', async () => {
    const { run, folder, waits } = await setUp()
    // Linux's own device for this case: every write to it fails with ENOSPC.
    await mkdir(folder, { recursive: true })
    await symlink('/dev/full', path.join(folder, 'config.json.part'))
    await expect(run()).rejects.toMatchObject({
      code: 'disk_full',
      message: 'owner/name/config.json: the disk is full (ENOSPC)',
    })
    expect(waits).toEqual([])
  })

  test('for another cause says which', async () => {
    const { run, modelsDir } = await setUp()
    await writeFile(modelsDir, 'a file where the folder should be')
    await expect(run()).rejects.toMatchObject({ code: 'disk_failed' })
  })
})
