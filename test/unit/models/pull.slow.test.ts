import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { lockFileOf, readLock, verifyModel } from '../../../inference-host/models/lock.ts'
import { ModelEntry } from '../../../inference-host/models/manifest.ts'
import { type Progress, type PullOptions, pull } from '../../../inference-host/models/pull.ts'
import { freshFolder, writeFiles } from './folder.ts'
import { COMMIT, faults, REPOSITORY_ID, sha256, startHub } from './hub-server.ts'
import { TINY_FILES, TINY_WEIGHTS, tinyModel } from './tiny-model.ts'

const TOKEN = 'hf_topsecret'
const hubEntry = { id: 'tiny', source: REPOSITORY_ID, task: 'feature-extraction' }

/** A fake hub with the tiny model, a manifest that asks for it, and a pull whose waits are noted, not waited. */
async function setUp({ model = tinyModel(), listed = Object.keys(model), entry = hubEntry as object } = {}) {
  const root = await freshFolder()
  const manifestFile = path.join(root, 'models.json')
  await writeFile(manifestFile, JSON.stringify({ models: [entry] }))
  const hub = await startHub(model, listed)
  const modelsDir = path.join(root, 'hub')
  const waits: number[] = []
  const progress: Progress[] = []
  return {
    hub,
    model,
    manifestFile,
    modelsDir,
    waits,
    progress,
    folder: path.join(modelsDir, REPOSITORY_ID, COMMIT, 'q8'),
    lockFile: lockFileOf(manifestFile),
    run: (options: Partial<PullOptions> = {}) =>
      pull(manifestFile, {
        modelsDir,
        endpoint: hub.endpoint,
        token: TOKEN,
        stallMs: 5000,
        attempts: 3,
        random: () => 0.5,
        sleep: async (ms) => {
          waits.push(ms)
        },
        onProgress: (event) => progress.push(event),
        ...options,
      }),
  }
}

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

describe('a transfer that breaks off', () => {
  const etagOf = (content: Uint8Array) => `"${sha256(content).slice(0, 32)}"`

  test('goes on from the byte where it stopped, if the file is still the same', async () => {
    const { run, hub, model, folder, waits } = await setUp()
    const weights = model[TINY_WEIGHTS] as Uint8Array
    hub.script(`storage ${TINY_WEIGHTS}`, faults.stalled(weights, 80_000, etagOf(weights)))
    await run({ stallMs: 200 })
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
    await expect(run({ attempts: 1, stallMs: 200 })).rejects.toMatchObject({ code: 'download_truncated' })
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
    await run({ stallMs: 200 })
    expect(hub.seen.storage.map(({ range }) => range)).toContain('bytes=80000-')
    expect(await readFile(path.join(folder, TINY_WEIGHTS))).toEqual(model[TINY_WEIGHTS])
  })

  test('starts over without a strong ETag', async () => {
    const { run, hub, model } = await setUp()
    const weights = model[TINY_WEIGHTS] as Uint8Array
    hub.script(`storage ${TINY_WEIGHTS}`, faults.stalled(weights, 80_000, `W/${etagOf(weights)}`))
    await run({ stallMs: 200 })
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
    await expect(run({ stallMs: 100, attempts: 1 })).rejects.toMatchObject({
      code: 'download_truncated',
      message: expect.stringContaining('no data for 0.1 s'),
    })
  })
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

describe('a hub that refuses', () => {
  test.each([401, 403])('with %i is not asked again, and HF_TOKEN is named', async (status) => {
    const { run, hub, waits } = await setUp()
    hub.script('list', faults.status(status))
    const failure = await run({ token: undefined }).catch((thrown) => thrown)
    expect(failure).toMatchObject({
      code: 'hub_denied',
      message: `owner/name at main: the hub answers ${status}: it is private, gated or not there; set HF_TOKEN to a token that may read it`,
    })
    expect(waits).toEqual([])
  })

  test('although it got a token: the message does not hold it', async () => {
    const { run, hub } = await setUp()
    hub.script('hub config.json', faults.status(403))
    const failure = await run().catch((thrown) => thrown)
    expect(failure).toMatchObject({
      code: 'hub_denied',
      message: expect.stringContaining('owner/name/config.json'),
    })
    expect(failure.message).toContain('HF_TOKEN')
    expect(failure.message).not.toContain(TOKEN)
  })

  test('with 404 is named by repository or by file', async () => {
    const { run } = await setUp({ entry: { ...hubEntry, source: 'owner/other' } })
    await expect(run()).rejects.toMatchObject({
      code: 'hub_not_found',
      message: 'owner/other at main: the hub does not have it (404)',
    })
    const second = await setUp()
    second.hub.script('hub config.json', faults.status(404))
    await expect(second.run()).rejects.toMatchObject({
      code: 'hub_not_found',
      message: 'owner/name/config.json: the hub does not have it (404)',
    })
  })

  test.each([500, 503, 429, 408])('with %i gets another try', async (status) => {
    const { run, hub, waits } = await setUp()
    hub.script('list', faults.status(status))
    hub.script(`storage ${TINY_WEIGHTS}`, faults.status(status))
    expect(await run()).toHaveLength(1)
    expect(waits).toEqual([250, 250])
  })

  test('is waited for as long as it asks, within bounds', async () => {
    const { run, hub, waits } = await setUp()
    hub.script(
      'list',
      faults.status(429, { 'retry-after': '7' }),
      faults.status(503, { 'retry-after': '9999' }),
    )
    await run()
    expect(waits).toEqual([7000, 20_000])
  })

  test('for good is given up after the last try', async () => {
    const { run, hub, waits } = await setUp()
    hub.script('list', faults.status(500), faults.status(500), faults.status(500))
    await expect(run()).rejects.toMatchObject({
      code: 'hub_failed',
      message: 'owner/name at main: the hub answers 500',
    })
    expect(waits).toEqual([250, 500])
  })

  test('by an expired link to its storage is asked for a new one, and no link shows', async () => {
    const { run, hub } = await setUp()
    hub.script(`storage ${TINY_WEIGHTS}`, faults.status(403), faults.status(403), faults.status(403))
    const failure = await run().catch((thrown) => thrown)
    expect(failure).toMatchObject({ code: 'hub_failed' })
    expect(failure.message).not.toContain('signature')
    expect(hub.seen.hub.filter(({ url }) => url.endsWith(TINY_WEIGHTS))).toHaveLength(3)
  })

  test('that is not there is named with its cause', async () => {
    const { run, waits } = await setUp()
    // Port 9 (discard) is open nowhere today.
    await expect(run({ endpoint: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      code: 'hub_unreachable',
      message: expect.stringMatching(/^cannot reach http:\/\/127\.0\.0\.1:9 \(/),
    })
    expect(waits).toHaveLength(2)
  })

  test('that redirects forever is left', async () => {
    const { run, hub } = await setUp()
    hub.script('hub config.json', ...Array.from({ length: 6 }, () => faults.redirect('config.json')))
    await expect(run()).rejects.toMatchObject({
      code: 'hub_failed',
      message: expect.stringContaining('redirects'),
    })
  })

  test.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'http://['])(
    'that redirects to %s is left',
    async (to) => {
      const { run, hub } = await setUp()
      hub.script('hub config.json', faults.redirect(to))
      await expect(run()).rejects.toMatchObject({ code: 'hub_failed' })
    },
  )

  test('whose list is something else is named', async () => {
    const { run, hub } = await setUp()
    hub.script('list', faults.served(new TextEncoder().encode('<html>')))
    await expect(run()).rejects.toMatchObject({
      code: 'hub_failed',
      message: expect.stringContaining('list'),
    })
  })

  test.each(['huggingface.co', 'file:///x', 'https://user:pass@hub.test', 'https://hub.test/?a=b'])(
    'an endpoint %s is refused',
    async (endpoint) => {
      const { run } = await setUp()
      const failure = await run({ endpoint }).catch((thrown) => thrown)
      expect(failure).toMatchObject({ code: 'hub_invalid' })
      expect(failure.message).not.toContain('pass')
    },
  )

  test.each(['../x', 'onnx/../../x', '/etc/cron.d/x', '..\\x', 'onnx/model_quantized.onnx_data/../../../x'])(
    'a list that names %s is refused before anything is written',
    async (hostile) => {
      const model = tinyModel()
      const { run, hub, modelsDir } = await setUp({ model, listed: [...Object.keys(model), hostile] })
      await expect(run()).rejects.toMatchObject({ code: 'file_name_refused' })
      expect(hub.seen.hub).toHaveLength(1)
      expect(existsSync(modelsDir)).toBe(false)
    },
  )
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

describe('a frozen pull', () => {
  test('brings what is locked without asking what the revision is now', async () => {
    const { run, hub, modelsDir, folder } = await setUp()
    await run()
    await rm(modelsDir, { recursive: true })
    const before = hub.seen.hub.length
    expect((await run({ frozen: true }))[0]).toMatchObject({ folder, commit: COMMIT })
    expect(hub.seen.hub.slice(before).every(({ url }) => url.includes(`/resolve/${COMMIT}/`))).toBe(true)
    expect(hub.seen.hub.length - before).toBe(TINY_FILES.length)
  })

  test('refuses what differs from the lock, and leaves the lock alone', async () => {
    const { run, hub, modelsDir, model, lockFile } = await setUp()
    await run()
    const lock = await readFile(lockFile, 'utf8')
    await rm(modelsDir, { recursive: true })
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
