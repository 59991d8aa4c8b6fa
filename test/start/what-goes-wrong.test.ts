import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import defaults from '../../shared/catalog.json' with { type: 'json' }
import {
  ctrlC,
  endedWell,
  endsWithNpm,
  expectGone,
  family,
  npmStart,
  ownTemporaryFolder,
  postgresFolders,
  ROOT,
} from './start.ts'

const run = promisify(execFile)
const dir = await ownTemporaryFolder()

describe('what goes wrong', () => {
  test('killed for good, it leaves no process; the next start goes through, with --json as one line', async () => {
    const crashed = npmStart(dir, '--port', '0', '--verbose')
    await crashed.printed('up as process')
    const pids = await family(Number(crashed.process.pid))
    process.kill(-Number(crashed.process.pid), 'SIGKILL')
    await expectGone(pids)
    await expect.poll(() => postgresFolders(dir)).toEqual([])
    const left = await readFile(crashed.stackFile, 'utf8')

    const again = npmStart(dir, '--port', '0', '--json')
    await again.printed('\n')
    expect(await readFile(again.stackFile, 'utf8')).not.toBe(left)
    const { edge, issuers, models } = await again.stack()
    // All of stdout is one value, and what people read is elsewhere.
    expect(JSON.parse(again.output().stdout)).toEqual({
      edge: edge.url,
      sign_in: issuers.supabase.url,
      stack_file: again.stackFile,
      header_file: join(dir, 'curl.txt'),
      models,
      emulators: null,
    })
    expect(again.output().stdout.indexOf('\n')).toBe(again.output().stdout.length - 1)
    expect(again.output().stderr).toMatch(/^edge +workerd at /m)

    // As a supervisor or a container ends it: npm hands the signal to a shell, which hands it to nobody.
    const { stdout } = again.output()
    await endsWithNpm(again, 'SIGTERM')
    expect(again.output().stdout).toBe(stdout)
    await again.closed
    expect(again.output().stderr).toMatch(/\nTwohop has ended\.\n$/)
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
    expect(early.output().stdout).toMatch(/\nTwohop has ended\.\n$/)
  })

  test('without a Postgres that runs, it says so in one line and does without a ledger', async () => {
    const none = join(dir, 'no-postgres.mjs')
    await writeFile(none, "process.env.POSTGRES_PREFER = 'nowhere'")
    vi.stubEnv('NODE_OPTIONS', `--import ${none}`)
    // As for a user, who has none.
    const { NODE_COMPILE_CACHE } = process.env
    vi.stubEnv('NODE_COMPILE_CACHE', undefined)
    const { printed, output, stack, closed, ...rest } = npmStart(dir, '--port', '0')
    vi.stubEnv('NODE_OPTIONS', '')
    vi.stubEnv('NODE_COMPILE_CACHE', NODE_COMPILE_CACHE)
    await printed('Twohop is up at')
    expect(output().stdout).toMatch(/^postgres +there is none, so usage events stay in Redis$/m)
    expect(output().stdout).not.toContain('usage_events')
    const { edge, postgres, tokens } = await stack()
    expect(postgres).toBe(null)
    expect(await readdir(join(dir, 'compile-cache'))).not.toEqual([])
    const headers = { authorization: `Bearer ${tokens.supabase.pro}` }
    expect((await fetch(`${edge.url}/v1/models`, { headers })).status).toBe(200)
    await endsWithNpm({ printed, output, stack, closed, ...rest }, 'SIGKILL')
  })

  test('a model that is not there is one line and exit code 1', async () => {
    const { closed, output } = npmStart(dir, '--port', '0', '--model', './no-such-model')
    expect(await closed).toBe(1)
    expect(output().stderr).toBe(
      '--model ./no-such-model: there is no such folder with a config.json in it, and it is no hub id (owner/name).\n',
    )
  })

  test('a wrong option is told before a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const said = async (...words: string[]) => {
      const { closed, output } = npmStart(dir, '--port', String(port), ...words)
      expect(await closed).toBe(1)
      return output().stderr
    }
    expect(await said()).toMatch(/^Port \d+ is taken\..*\n$/)
    expect(await said('--model', './no-such-model')).toMatch(
      /^--model \.\/no-such-model: there is no such folder/,
    )
    expect(await said('--device', 'gpu')).toMatch(/^--device must be /)
    expect(await said('--sign-in-port', 'x')).toBe('--sign-in-port must be a number\n')
    const catalog = join(dir, 'catalog.json')
    const models = defaults.models.map((model) => ({ ...model, id: `other-${model.id}` }))
    const plans = defaults.plans.map((plan) => ({ ...plan, models: plan.models.map((id) => `other-${id}`) }))
    await writeFile(catalog, JSON.stringify({ ...defaults, models, plans }))
    expect(await said('--catalog', catalog)).toMatch(/^The catalog's model "other-[\w-]+" is not served here/)
  })

  test('a device that is not there is one line and exit code 1', async () => {
    const { closed, output } = npmStart(dir, '--port', '0', '--device', 'cuda')
    expect(await closed).toBe(1)
    expect(output().stderr).toMatch(/^.* does not load on cuda: .*docs\/gpu\.md.*--device auto.*\n$/)
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
