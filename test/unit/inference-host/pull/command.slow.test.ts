import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RECIPE_VERSION } from '../../../../inference-host/decoding/serving-form/rewrite.ts'
import { preparePulled } from '../../../../inference-host/pull/prepare-pulled.ts'
import type { PulledModel } from '../../../../inference-host/pull/pull.ts'
import { digestFile } from '../../../../inference-host/weights/digest.ts'
import {
  type LockedForm,
  type LockedModel,
  readLock,
  writeLock,
} from '../../../../inference-host/weights/lock.ts'
import { REPOSITORY } from '../../../fixtures/models.ts'
import { freshFolder } from '../../../fixtures/weights/folder.ts'
import { COMMIT, faults, REPOSITORY_ID, sha256, startHub } from '../../../fixtures/weights/hub-server.ts'
import { TINY_WEIGHTS, tinyModel } from '../../../fixtures/weights/tiny-model.ts'

const COMMAND = path.join(REPOSITORY, 'inference-host/pull/command.ts')
const TOKEN = 'hf_topsecret'

const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

type Ended = { code: number | null; stdout: string; stderr: string }

function start(
  args: string[],
  environment: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { PATH: process.env.PATH ?? '', HF_TOKEN: TOKEN, ...environment },
  })
  children.add(child)
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    output.stderr += chunk
  })
  return {
    child,
    ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, ...output }))),
  }
}

async function setUp() {
  const root = await freshFolder()
  const manifest = path.join(root, 'models.json')
  const entry = { id: 'tiny', source: REPOSITORY_ID, task: 'feature-extraction' }
  await writeFile(manifest, JSON.stringify({ models: [entry] }))
  const model = tinyModel()
  const hub = await startHub(model)
  const dir = path.join(root, 'hub')
  return {
    hub,
    weights: model[TINY_WEIGHTS] as Uint8Array,
    part: path.join(dir, REPOSITORY_ID, COMMIT, 'q8', `${TINY_WEIGHTS}.part`),
    pull: (...args: string[]) =>
      start(['--manifest', manifest, '--dir', dir, ...args], { HF_ENDPOINT: hub.endpoint }),
    lock: () => readFile(path.join(root, 'models.lock.json'), 'utf8'),
  }
}

describe('models:pull', () => {
  test('--help names every option and variable', async () => {
    const { code, stdout } = await start(['--help']).ended
    expect(code).toBe(0)
    for (const word of [
      '--manifest',
      '--dir',
      '--frozen',
      '--no-prepare',
      '--json',
      'HF_ENDPOINT',
      'HF_TOKEN',
    ])
      expect(stdout).toContain(word)
  })

  test('writes plain lines, the catalog entry and the lock, and the token nowhere', async () => {
    const { pull, lock } = await setUp()
    const { code, stdout, stderr } = await pull().ended
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`tiny: ${TINY_WEIGHTS} 200.0 kB\n`),
    })
    expect(stderr).not.toContain('\r')
    expect(stdout).toContain(
      '{"id":"tiny","tasks":["embedding","feature-extraction"],"context":32,"overhead":{"request":0,"item":0}}',
    )
    expect(stdout + stderr + (await lock())).not.toContain(TOKEN)
  })

  test('--json prints nothing but JSON on stdout', async () => {
    const { pull } = await setUp()
    const { code, stdout } = await pull('--json').ended
    expect(code).toBe(0)
    expect(JSON.parse(stdout).models).toMatchObject([{ id: 'tiny', dtype: 'q8', commit: COMMIT, files: 5 }])
  })

  test("changes nothing in a fresh clone's lock", async () => {
    const root = await freshFolder()
    await symlink(path.join(REPOSITORY, 'models'), path.join(root, 'models'))
    await mkdir(path.join(root, 'inference-host'))
    const [manifest, lock] = ['inference-host/models.json', 'inference-host/models.lock.json'] as const
    for (const name of [manifest, lock]) await copyFile(path.join(REPOSITORY, name), path.join(root, name))
    const args = ['--manifest', path.join(root, manifest), '--dir', path.join(root, 'hub')]
    expect((await start(args).ended).code).toBe(0)
    const texts = [REPOSITORY, root].map((folder) => readFile(path.join(folder, lock), 'utf8'))
    const [shipped, written] = await Promise.all(texts)
    expect(written).toBe(shipped)
  })

  test('a failure is one clear line and exit code 1', async () => {
    const { pull, hub } = await setUp()
    hub.script('list', faults.status(401))
    const { code, stdout, stderr } = await pull().ended
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'models:pull: owner/name at main: the hub answers 401: it is private, gated or not there; ' +
        'the HF_TOKEN that was sent may not read it\n',
    })
  })

  test('Ctrl-C ends it with 130, and the next pull goes on where it stopped', async () => {
    const { pull, hub, weights, part } = await setUp()
    const waiting = Promise.withResolvers<void>()
    hub.script(`storage ${TINY_WEIGHTS}`, (request, response) => {
      faults.stalled(weights, 1000, `"${sha256(weights).slice(0, 32)}"`)(request, response)
      waiting.resolve()
    })
    const { child, ended } = pull()
    await waiting.promise
    await expect.poll(async () => (await stat(part).catch(() => undefined))?.size).toBe(1000)
    child.kill('SIGINT')
    expect(await ended).toMatchObject({
      code: 130,
      stdout: '',
      stderr: expect.stringContaining('models:pull: interrupted; run it again to go on\n'),
    })
    expect((await pull().ended).code).toBe(0)
    expect(hub.seen.storage.map(({ range }) => range)).toContain('bytes=1000-')
  })

  describe('a chat model', () => {
    /** It is pulled and prepared once, for all that begin with that. */
    const pulled = mkdtempSync(path.join(tmpdir(), 'pulled-'))
    let first: Awaited<ReturnType<typeof pullChat>>
    beforeAll(async () => {
      first = await pullChat([], pulled)
    })
    afterAll(() => rm(pulled, { recursive: true, maxRetries: 10 }))

    async function pullChat(args: string[], root: string) {
      const manifest = path.join(root, 'models.json')
      const source = path.join(REPOSITORY, 'models/twohop-chat')
      await writeFile(manifest, JSON.stringify({ models: [{ id: 'chat', source, task: 'text-generation' }] }))
      const dir = path.join(root, 'hub')
      const ended = await start(['--manifest', manifest, '--dir', dir, ...args]).ended
      const serving = path.join(dir, 'serving/chat/q8/model_quantized.serving.onnx')
      const prepared = await stat(serving).then(
        () => true,
        () => false,
      )
      return { ...ended, prepared, serving, lock: await readLock(manifest) }
    }

    test('is prepared for batching, and it says so', async () => {
      const { code, stderr, prepared, lock, serving } = first
      expect({ code, prepared }).toEqual({ code: 0, prepared: true })
      expect(stderr).toMatch(/^chat: preparing it for batching\nchat: prepared in \d+\.\d s$/m)
      const form = { ...(await digestFile(serving)), dtype: 'q8', recipe: RECIPE_VERSION }
      expect(lock.models.chat?.serving).toEqual(form)
    })

    test('frozen, is compared with the lock, which stays as it is', async () => {
      const { lock } = first
      const again = await pullChat(['--frozen'], pulled)
      expect([again.code, again.lock]).toEqual([0, lock])
      const serving = { ...(lock.models.chat?.serving as LockedForm), sha256: '0'.repeat(64) }
      const chat = { ...(lock.models.chat as LockedModel), serving }
      await writeLock(path.join(pulled, 'models.json'), { version: 1, models: { chat } })
      const { code, stderr } = await pullChat(['--frozen'], pulled)
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining('models:pull: chat: its serving form is not what was locked; '),
      })
      // The same files, so it is kept until it is made anew.
      const unprepared = await pullChat(['--no-prepare'], pulled)
      expect(unprepared.lock.models.chat?.serving).toEqual(serving)
      expect((await pullChat([], pulled)).lock).toEqual(lock)
    })

    test('keeps its locked form where this machine cannot make one in time', async () => {
      const { lock } = first
      const manifest = path.join(pulled, 'models.json')
      const chat = [{ id: 'chat', folder: path.join(REPOSITORY, 'models/twohop-chat') }] as PulledModel[]
      const said: string[] = []
      await preparePulled(manifest, chat, {
        frozen: false,
        modelsDir: path.join(pulled, 'elsewhere'),
        threads: 1,
        timeoutMs: 1,
        signal: new AbortController().signal,
        write: (line) => said.push(line),
      })
      expect(said.at(-1)).toContain('is served one request at a time')
      expect(await readLock(manifest)).toEqual(lock)
      expect(lock.models.chat?.serving).toBeDefined()
    })

    test('is not, where that is to be left out', async () => {
      const { code, stderr, prepared } = await pullChat(['--no-prepare'], await freshFolder())
      expect({ code, prepared }).toEqual({ code: 0, prepared: false })
      expect(stderr).not.toContain('prepar')
    })
  })
})
