import { execFile } from 'node:child_process'
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isRunning } from '../../local/stack-file.ts'
import { ctrlC, family, npmStart, ROOT, type Started } from './start.ts'

const run = promisify(execFile)
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twohop-start-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** npm hands on the 0 of what it ran, or ends by the same signal itself, as its version has it. */
const endedWell = (code: number | null) => code === 0 || code === null

/** Waits until all of these have ended: they end by themselves, but nothing tells when. */
async function expectGone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isRunning), { timeout: 20_000 }).toEqual([])
}

describe('npm start', () => {
  let started: Started
  beforeAll(async () => {
    started = npmStart(dir, '--port', '0')
    await started.printed('process.stdout.write(chunk')
  })
  afterAll(async () => {
    if (isRunning(Number(started.process.pid))) ctrlC(started)
    await started.closed
  })

  test('says one line per part as it comes up', () => {
    const { stdout } = started.output()
    expect(stdout).toMatch(/^redis +(?:redis-server|embedded) behind http:\/\/127\.0\.0\.1:\d+$/m)
    expect(stdout).toMatch(/^issuer +signs as Firebase and as Supabase/m)
    expect(stdout).toMatch(/^host +ready at http:\/\/127\.0\.0\.1:\d+$/m)
    expect(stdout).toMatch(/^edge +workerd at http:\/\/127\.0\.0\.1:\d+$/m)
  })

  test('prints a curl that streams an answer on topic, as pasted', async () => {
    const [curl = ''] = /^curl .*$/m.exec(started.output().stdout) ?? []
    const { stdout } = await run('sh', ['-c', `${curl} -s`])
    const chunks = [...stdout.matchAll(/^data: (\{.*\})$/gm)].map(([, json]) => JSON.parse(json ?? ''))
    const answer = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
    expect(chunks.length).toBeGreaterThan(10)
    expect(answer).toContain('Twohop')
    expect(stdout.trimEnd().endsWith('data: [DONE]')).toBe(true)
  })

  test('prints three lines for the openai package that do the same', async () => {
    const [lines = ''] = /^import OpenAI from 'openai'\n.*\n.*$/m.exec(started.output().stdout) ?? []
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', lines], { cwd: ROOT })
    expect(stdout).toContain('Twohop')
  })

  test('writes stack.json for its owner only, with every key that tools rely on', async () => {
    expect((await stat(started.stackFile)).mode & 0o777).toBe(0o600)
    const stack = await started.stack()
    const users = { free: expect.any(String), pro: expect.any(String) }
    const tokens = { ...users, suspended: expect.any(String), admin: expect.any(String) }
    expect(stack).toMatchObject({
      edge: { url: expect.stringMatching(/^http/), pid: expect.any(Number) },
      host: { url: expect.stringMatching(/^http/), pid: expect.any(Number) },
      redis: {
        url: expect.stringMatching(/^http/),
        token: expect.any(String),
        kind: expect.stringMatching(/^(redis-server|embedded)$/),
      },
      issuers: {
        firebase: { url: expect.stringMatching(/^http/), projectId: expect.any(String) },
        supabase: { url: expect.stringMatching(/^http/) },
      },
      tokens: { firebase: tokens, supabase: tokens },
      models: { chat: 'twohop-chat', embed: 'twohop-embed', classify: 'twohop-classify' },
    })
    for (const pid of [stack.edge.pid, stack.host.pid, stack.redis.pid]) expect(isRunning(pid)).toBe(true)
  })

  test('a second one on the same port is told so in one line, and disturbs nothing', async () => {
    const before = await started.stack()
    const port = new URL(before.edge.url).port
    const second = npmStart(dir, '--port', port)
    expect(await second.closed).toBe(1)
    expect(second.output().stderr).toBe(
      `Port ${port} is taken. Is Twohop running already? Otherwise choose another: npm start -- --port ${Number(port) + 1}\n`,
    )
    expect(await started.stack()).toEqual(before)
    expect((await fetch(`${before.edge.url}/healthz`)).status).toBe(200)
  })

  test('a second one on another port runs beside it, and takes only its own stack.json away', async () => {
    const first = await started.stack()
    const second = npmStart(dir, '--port', '0')
    await second.printed('Twohop is up at')
    const both = [await second.stack(), first]
    expect(new Set(both.map(({ edge }) => edge.pid)).size).toBe(2)
    for (const { edge, tokens } of both) {
      const headers = { authorization: `Bearer ${tokens.supabase.pro}` }
      expect((await fetch(`${edge.url}/v1/models`, { headers })).status).toBe(200)
    }
    ctrlC(second)
    expect(await second.closed).toSatisfy(endedWell)
    await expect(access(second.stackFile)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('Ctrl-C stops all of it: no process, no stack.json', async () => {
    const pids = await family(Number(started.process.pid))
    expect(pids.length).toBeGreaterThanOrEqual(7)
    ctrlC(started)
    expect(await started.closed).toSatisfy(endedWell)
    expect(pids.filter(isRunning)).toEqual([])
    await expect(access(started.stackFile)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('what goes wrong', () => {
  test('killed for good, it leaves no process; the next start goes through', async () => {
    const crashed = npmStart(dir, '--port', '0')
    await crashed.printed('Twohop is up at')
    const pids = await family(Number(crashed.process.pid))
    process.kill(-Number(crashed.process.pid), 'SIGKILL')
    await expectGone(pids)
    const left = await readFile(crashed.stackFile, 'utf8')

    const again = npmStart(dir, '--port', '0')
    await again.printed('Twohop is up at')
    expect(await readFile(again.stackFile, 'utf8')).not.toBe(left)
    ctrlC(again)
    expect(await again.closed).toSatisfy(endedWell)
  })

  test('Ctrl-C while it is still coming up leaves no process either', async () => {
    const early = npmStart(dir, '--port', '0')
    await early.printed('issuer ')
    const pids = await family(Number(early.process.pid))
    ctrlC(early)
    expect(await early.closed).toSatisfy(endedWell)
    await expectGone(pids)
    expect(early.output().stderr).toBe('')
    expect(early.output().stdout).not.toContain('Twohop is up')
  })

  test('a model that is not there is one line and exit code 1', async () => {
    const { closed, output } = npmStart(dir, '--port', '0', '--model', './no-such-model')
    expect(await closed).toBe(1)
    expect(output().stderr).toBe(
      '--model ./no-such-model: there is no such folder with a config.json in it, and it is no hub id (owner/name).\n',
    )
  })

  test('a device that is not there is one line and exit code 1', async () => {
    const { closed, output } = npmStart(dir, '--port', '0', '--device', 'cuda')
    expect(await closed).toBe(1)
    expect(output().stderr).toMatch(/^.*cuda.*\n$/)
  })

  test('a Node that is too old is one line and exit code 1', async () => {
    // Only the version is made up: an old Node itself would have to be downloaded.
    const old = join(dir, 'old-node.mjs')
    await writeFile(
      old,
      "Object.defineProperty(process, 'versions', { value: { node: '18.20.4' } }); Object.defineProperty(process, 'version', { value: 'v18.20.4' })",
    )
    const bootstrap = run(process.execPath, ['--import', old, join(ROOT, 'local/bootstrap.mjs')])
    await expect(bootstrap).rejects.toMatchObject({
      code: 1,
      stderr: 'Twohop needs Node 20 or newer; this is v18.20.4.\n',
    })
  })
})
