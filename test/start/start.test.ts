import { execFile } from 'node:child_process'
import { access, mkdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../bench/kit.ts'
import { isRunning, type StackFile } from '../../local/stack-file.ts'
import { blocks } from '../fixtures/commands/blocks.ts'
import { createTyping } from '../fixtures/commands/typed.ts'
import {
  ctrlC,
  endedWell,
  expectGone,
  family,
  npmStart,
  ownTemporaryFolder,
  parentOf,
  postgresFolders,
  ROOT,
  type Started,
} from './start.ts'

const run = promisify(execFile)
const { typed, untyped } = createTyping(import.meta.filename)
const dir = await ownTemporaryFolder()

describe('npm start', () => {
  let started: Started
  beforeAll(async () => {
    // One that nobody else is given while the edge, which is killed below, comes back to it.
    started = npmStart(
      dir,
      '--port',
      String(await freePort()),
      ...['--sign-in-port', '0', '--origin', 'https://app.example'],
    )
    await started.printed('The example extension:')
  })
  afterAll(async () => {
    if (isRunning(Number(started.process.pid))) ctrlC(started)
    await started.closed
  })

  test('says one line per part as it comes up', () => {
    const { stdout } = started.output()
    expect(stdout).toMatch(/^redis +(?:redis-server|embedded) behind http:\/\/127\.0\.0\.1:\d+ +\d+\.\d s$/m)
    expect(stdout).toMatch(
      /^issuer +signs users in, as Firebase and Supabase do, at http:\/\/127\.0\.0\.1:\d+ +\d+\.\d s$/m,
    )
    expect(stdout).toMatch(
      /^postgres +the ledger, in an (?:installed|embedded) one behind http:\/\/127\.0\.0\.1:\d+ +\d+\.\d s$/m,
    )
    expect(stdout).toMatch(
      /^host +twohop-chat, twohop-embed, twohop-classify at http:\/\/127\.0\.0\.1:\d+ +\d+\.\d s$/m,
    )
    expect(stdout).toMatch(/^edge +workerd at http:\/\/127\.0\.0\.1:\d+ +\d+\.\d s$/m)
  })

  test('prints a screen at most, and no token', async () => {
    const { stdout } = started.output()
    expect(stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(24)
    expect(stdout).not.toContain((await started.stack()).tokens.supabase.free)
  })

  test('lets in extensions, pages of this machine and those of --origin', async () => {
    const { edge } = await started.stack()
    const letIn = async (origin: string) =>
      (await fetch(`${edge.url}/healthz`, { headers: { origin } })).headers.get('access-control-allow-origin')
    for (const origin of [
      'moz-extension://0c1d2e3f-aaaa-4bbb-8ccc-0123456789ab',
      'http://localhost:5173',
      'https://app.example',
    ])
      expect(await letIn(origin)).toBe(origin)
    expect(await letIn('https://evil.example')).toBeNull()
  })

  test('prints a curl that streams an answer on topic, as pasted', async () => {
    const [curl = ''] = /^curl -N .*\n .*$/m.exec(started.output().stdout) ?? []
    const { stdout } = await run('sh', ['-c', `${curl} -s`])
    const chunks = [...stdout.matchAll(/^data: (\{.*\})$/gm)].map(([, json]) => JSON.parse(json ?? ''))
    const answer = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
    expect(chunks.length).toBeGreaterThan(10)
    expect(answer).toContain('Twohop')
    expect(stdout.trimEnd().endsWith('data: [DONE]')).toBe(true)
    const [, headers = ''] = /-H @(\S+)/.exec(curl) ?? []
    expect((await stat(headers)).mode & 0o777).toBe(0o600)
  })

  test('signs a user in by the calls of an SDK, whose token the edge takes', async () => {
    const { edge, issuers } = await started.stack()
    const email = `${crypto.randomUUID()}@example.com`
    const post = async (url: string, body: object) => {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'http://localhost:5173' },
        body: JSON.stringify(body),
      })
      return (await answer.json()) as Record<string, string>
    }
    const { idToken } = await post(
      `${issuers.firebase.authUrl}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=any`,
      { email, password: 'secret12' },
    )
    const { access_token } = await post(`${issuers.supabase.url}/auth/v1/signup`, {
      email,
      password: 'secret12',
    })
    for (const token of [idToken, access_token]) {
      const usage = await fetch(`${edge.url}/v1/usage`, { headers: { authorization: `Bearer ${token}` } })
      expect([usage.status, await usage.json()]).toMatchObject([200, { plan: 'free' }])
    }
  })

  test('prints a curl that shows its user what that cost, from Postgres, and nobody else', async () => {
    const { stdout } = started.output()
    const [ask = ''] = /^curl .*usage_events.*$/m.exec(stdout) ?? []
    const read = async (command: string) =>
      JSON.parse((await run('sh', ['-c', `${command} -s`])).stdout) as Record<string, unknown>[]
    await expect
      .poll(() => read(ask), { interval: 500 })
      .toEqual(
        expect.arrayContaining([{ at: expect.any(String), model: 'twohop-chat', units: expect.any(Number) }]),
      )
    const { tokens, postgres } = await started.stack()
    const pro = ask.replace(
      /-H @\S+/,
      `-H 'apikey: ${postgres?.publishableKey}' -H 'authorization: Bearer ${tokens.supabase.pro}'`,
    )
    expect(await read(pro)).toEqual([])
    await started.printed('usage events new in the ledger')
    // It is told in words, and a drain that finds nothing is not told at all.
    expect(started.output().stdout).toMatch(/^edge +usage events new in the ledger: [1-9]\d*$/m)
    expect(started.output().stdout).not.toContain('ledger_drain')
  })

  test('is a whole project for supabase-js at one address: sign-in, function and own rows', async () => {
    const { edge, issuers } = await started.stack()
    const supabase = createClient(issuers.supabase.url, 'any-key', { db: { schema: 'twohop' } })
    await supabase.auth.signInWithPassword({ email: 'pro@example.com', password: 'twohop-demo' })
    const messages = [{ role: 'user', content: 'What is Twohop?' }]
    const used = async () => (await supabase.from('usage_daily').select('model, requests')).data
    // None, but where an earlier try has asked.
    const before = (await used())?.[0]?.requests ?? 0
    const { data } = await supabase.functions.invoke('edge/v1/chat/completions', {
      body: { model: 'twohop-chat', messages },
    })
    expect(data.choices[0].message.content).toMatch(/^Twohop /)
    await fetch(edge.cronUrl, { method: 'POST' })
    await expect.poll(used).toEqual([{ model: 'twohop-chat', requests: before + 1 }])
    await supabase.auth.signOut()
  })

  test('its counters and its ledger are compared by what docs/money.md says', async () => {
    const folder = join(dir, 'typed')
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder)
    await symlink(dir, join(folder, '.local'))
    const [block = ''] = blocks
      .filter(({ page, text }) => page === 'docs/money.md' && text.includes('npm run reconcile'))
      .map(({ text }) => text)
    const command = (name: string) => `node ${join(ROOT, 'cli/twohop.mjs')} ${name}`
    const put = { 'npm run reconcile': command('reconcile'), 'npx twohop doctor': command('doctor') }
    const env = { ...process.env, TWOHOP_DIR: dir }
    const { stdout } = await typed(block, put, (text) => run('bash', ['-ec', text], { cwd: folder, env }))
    expect(stdout).toMatch(/^ok +redis: /m)
    expect(stdout).toMatch(/^ok +postgres: /m)
    expect(stdout).not.toMatch(/^FAIL/m)
  })

  test('brings API keys to Postgres too, where their owner reads them without the hash', async () => {
    const { edge, postgres, tokens } = await started.stack()
    const authorization = `Bearer ${tokens.supabase.admin}`
    const body = JSON.stringify({ name: 'ci', scopes: ['embed'] })
    const headers = { authorization, 'content-type': 'application/json' }
    const made = await fetch(`${edge.url}/v1/keys`, { method: 'POST', headers, body })
    const { id } = (await made.json()) as { id: string }
    // That it comes by itself every 10 s was seen above.
    await fetch(edge.cronUrl, { method: 'POST' })
    const url = `${postgres?.url}/rest/v1/api_keys?select=key_id,name,scopes,revoked_at`
    const owned = async () =>
      (await fetch(url, { headers: { authorization, apikey: postgres?.publishableKey ?? '' } })).json()
    await expect
      .poll(owned, { interval: 500 })
      .toContainEqual({ key_id: id, name: 'ci', scopes: ['embed'], revoked_at: null })
  })

  test('prints other questions that this model answers, too', async () => {
    const { edge, models } = await started.stack()
    const [, line = ''] = /^It also answers: (.*)$/m.exec(started.output().stdout) ?? []
    const questions = line.match(/[^?]+\?/g) ?? []
    expect(questions.length).toBeGreaterThan(1)
    const { tokens } = await started.stack()
    const headers = { authorization: `Bearer ${tokens.supabase.pro}`, 'content-type': 'application/json' }
    for (const question of questions) {
      const messages = [{ role: 'user', content: question.trim() }]
      const body = JSON.stringify({ model: models.chat, messages, temperature: 0 })
      const answer = await fetch(`${edge.url}/v1/chat/completions`, { method: 'POST', headers, body })
      const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] }
      expect(choices[0]?.message.content, question).toMatch(
        /budget_minute_exhausted with|--emulators firebase/,
      )
    }
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
      postgres: {
        url: expect.stringMatching(/^http/),
        publishableKey: expect.any(String),
        secretKey: expect.any(String),
        kind: expect.stringMatching(/^(installed|embedded)$/),
        pid: expect.any(Number),
      },
      issuers: {
        firebase: {
          ...{ url: expect.stringMatching(/^http/), authUrl: expect.stringMatching(/^http/) },
          ...{ projectId: 'twohop-local', trusted: true },
        },
        supabase: { url: expect.stringMatching(/^http/) },
      },
      tokens: { firebase: tokens, supabase: tokens },
      models: { chat: 'twohop-chat', embed: 'twohop-embed', classify: 'twohop-classify' },
    })
    for (const pid of [stack.edge.pid, stack.host.pid, stack.redis.pid, Number(stack.postgres?.pid)])
      expect(isRunning(pid)).toBe(true)
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

  test('a second one on another port runs beside it, with a file of its own', async () => {
    const first = await started.stack()
    const second = npmStart(dir, '--port', '0', '--verbose')
    onTestFinished(() => {
      if (isRunning(Number(second.process.pid))) ctrlC(second)
    })
    await second.printed('process.stdout.write(chunk')
    // With all that the parts say, and lines for the openai package.
    expect(second.output().stdout).toMatch(/^host +model id=twohop-chat /m)
    const [lines = ''] = /^import OpenAI from 'openai'\n.*\n.*\n.*$/m.exec(second.output().stdout) ?? []
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', lines], { cwd: ROOT })
    expect(stdout).toContain('Twohop')
    const [, port = ''] = /^Twohop is up at http:\/\/127\.0\.0\.1:(\d+)/m.exec(second.output().stdout) ?? []
    const secondFile = join(dir, `stack-${port}.json`)
    const both = [first, JSON.parse(await readFile(secondFile, 'utf8')) as StackFile]
    expect(new Set(both.map(({ edge }) => edge.pid)).size).toBe(2)
    for (const { edge, tokens } of both) {
      const headers = { authorization: `Bearer ${tokens.supabase.pro}` }
      expect((await fetch(`${edge.url}/v1/models`, { headers })).status).toBe(200)
    }
    ctrlC(second)
    expect(await second.closed).toSatisfy(endedWell)
    await expect(access(secondFile)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await started.stack()).toEqual(first)
  })

  test('a killed parent of workerd leaves no workerd, and the next one has its port', async () => {
    const { edge } = await started.stack()
    const [, shell = 0] = await parentOf(edge.pid)
    const [, part = 0] = await parentOf(shell)
    expect(await family(Number(started.process.pid))).toContain(part)
    process.kill(part, 'SIGKILL')
    await expectGone([edge.pid])
    await started.printed('was started again as process')
    const present = async () => (await started.stack()).edge
    await expect.poll(async () => (await present()).pid).not.toBe(edge.pid)
    const { url } = await present()
    expect(url).toBe(edge.url)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('Ctrl-C stops all of it: no process, no stack.json', async () => {
    const pids = await family(Number(started.process.pid))
    expect(pids.length).toBeGreaterThanOrEqual(7)
    ctrlC(started)
    expect(await started.closed).toSatisfy(endedWell)
    expect(started.output().stdout).toMatch(/\nTwohop has ended\.\n$/)
    // What held none of its output may end a moment later.
    await expectGone(pids)
    await expect.poll(() => postgresFolders(dir)).toEqual([])
    for (const file of [started.stackFile, join(dir, 'curl.txt')])
      await expect(access(file)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

test('types what it is listed for', () => expect(untyped()).toEqual([]))
