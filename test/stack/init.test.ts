import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { freePort } from '../../bench/kit.ts'
import type { Finding } from '../../cli/doctor/finding.ts'
import { plainJson } from '../../cli/init/env-file.ts'
import { serviceKeys } from '../../local/service-keys.ts'
import { NOBODY } from '../fixtures/answering.ts'
import { MODELS_DIR } from '../fixtures/models-dir.ts'
import { type EdgeProcess, fromLog, startProcess } from '../fixtures/runtimes/process.ts'
import { call, mint, refusal, stack } from '../fixtures/stack/client.ts'
import { twohop } from '../fixtures/twohop-command.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const ORIGIN = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'

let folder: string
let edge: EdgeProcess
const stops: (() => Promise<unknown>)[] = []

/** A part that is configured by a file which init wrote, and by where it is to listen. */
const start = (file: string, main: string, env: Record<string, string>) =>
  startProcess({
    command: process.execPath,
    args: [`--env-file=${join(folder, file)}`, join(root, main)],
    env,
    listening: (line) => fromLog(line) ?? /^ready .*url="?(http:[^" ]+)/.exec(line)?.[1],
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twohop-init-'))
  vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', stack.redis.token)
  const port = await freePort()
  const { code, err } = await twohop(
    ...['init', '--out', folder, '--runtime', 'node', '--supabase-url', stack.issuers.supabase.url],
    ...['--model', join(root, 'models/twohop-chat'), '--kind', 'chat', '--model-id', 'my-chat'],
    ...['--origin', 'abcdefghijklmnopabcdefghijklmnop', '--redis-url', stack.redis.url],
    ...['--host-url', `http://127.0.0.1:${port}`],
  )
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const manifest = join(folder, 'inference-host/my-models.json')
  await promisify(execFile)(process.execPath, [
    ...[join(root, 'inference-host/pull/command.ts'), '--manifest', manifest, '--no-prepare'],
  ])
  const places = { MODELS_FILE: manifest, MODELS_DIR }
  const host = await start('.env.host', 'inference-host/main.ts', {
    ...places,
    HOST_PORT: String(port),
    HOST_DEVICE: 'cpu',
  })
  stops.push(host.stop)
  edge = await start('.env.edge', 'edge/runtime/node.ts', { EDGE_PORT: '0', EDGE_SCHEDULE_SECONDS: '0' })
  stops.push(edge.stop)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  for (const stop of stops.reverse()) await stop()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

describe('an edge and a host, started with what `npx twohop init` wrote', () => {
  it('answer a signed-in user of that project, from that page, with that model', async () => {
    expect((await call('/healthz', { edge: edge.url })).status).toBe(200)
    const token = await mint.mintSupabase({ id: randomUUID(), email: 'a@example.com' })
    const answer = await call('/v1/chat/completions', {
      edge: edge.url,
      token,
      headers: { origin: ORIGIN },
      body: { model: 'my-chat', max_tokens: 4, messages: [{ role: 'user', content: 'Hello' }] },
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(await answer.json()).toMatchObject({ model: 'my-chat', usage: { completion_tokens: 4 } })
  })

  it('refuse everybody else', async () => {
    expect(await refusal(await call('/v1/models', { edge: edge.url }))).toMatchObject({
      status: 401,
      code: 'token_missing',
    })
    const elsewhere = await call('/v1/models', { edge: edge.url, headers: { origin: 'https://app.example' } })
    expect(await refusal(elsewhere)).toMatchObject({ status: 403, code: 'origin_not_allowed' })
  })

  it('have secrets in files of their owner alone', async () => {
    for (const file of ['.env.edge', 'service-key.private.json'])
      expect((await stat(join(folder, file))).mode & 0o777, file).toBe(0o600)
  })
})

describe('`npx twohop doctor`', () => {
  const doctor = async (...words: string[]) => {
    const { code, out } = await twohop('doctor', '--json', ...words)
    const findings: Finding[] = JSON.parse(out)
    return { code, findings, ill: findings.filter(({ ok }) => !ok).map(({ check }) => check) }
  }
  const files = (...more: string[]) => [
    ...['--edge-url', edge.url, '--manifest', join(folder, 'inference-host/my-models.json')],
    ...['.env.edge', '.env.host', ...more].flatMap((file) => ['--env-file', join(folder, file)]),
  ]
  /** A file of variables that stands behind the others, so it changes them. */
  const changed = async (name: string, value: string) => {
    await writeFile(join(folder, '.env.changed'), `${name}=${value}\n`)
    return files('.env.changed')
  }

  it('finds nothing where init set all up, with every part at its place', async () => {
    vi.stubEnv('TWOHOP_TOKEN', await mint.mintSupabase({ id: randomUUID(), email: 'b@example.com' }))
    const { code, findings, ill } = await doctor(...files())
    vi.stubEnv('TWOHOP_TOKEN', '')
    expect({ code, ill }).toEqual({ code: 0, ill: [] })
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        'https',
        'a real answer',
        'keys of the second hop',
        'redis',
        'clocks',
        'key pair',
      ]),
    )
    expect(findings.filter(({ warns }) => warns)).toEqual([])
  })

  it.each([
    [
      'SERVICE_TOKEN_PRIVATE_KEY',
      async () => plainJson((await serviceKeys()).privateKey),
      ['key pair', 'keys of the second hop'],
    ],
    ['UPSTASH_REDIS_REST_TOKEN', () => 'wrong', ['redis']],
    ['SUPABASE_URLS', () => NOBODY, ['keys of 127.0.0.1:9']],
    ['HOST_URL', () => stack.edge.url, ['host', 'keys of the second hop']],
    ['API_KEY_SECRETS', () => '', ['variable API_KEY_SECRETS']],
    [
      'CATALOG',
      () => plainJson(stack.catalog),
      ['catalog of twohop-chat', 'catalog of twohop-embed', 'catalog of twohop-classify'],
    ],
  ])('finds a wrong %s', async (name, value, expected) => {
    const { code, ill } = await doctor(...(await changed(name, await value())))
    expect(code).toBe(1)
    expect(ill).toEqual(expect.arrayContaining(expected))
  })

  it('finds a running stack by its file, and a ledger beside it where there is one', async () => {
    vi.stubEnv('TWOHOP_DIR', inject('stackDir'))
    await writeFile(join(folder, 'stack.json'), JSON.stringify(stack))
    const { findings, ill } = await doctor('--stack', join(folder, 'stack.json'))
    expect(ill).toEqual([])
    const checks = findings.map(({ check }) => check)
    expect(checks).toContain('a real answer')
    expect(checks.includes('postgres')).toBe(stack.postgres !== null)
    const noLedger = { ...stack, postgres: { url: NOBODY, secretKey: 'x' } }
    await writeFile(join(folder, 'stack.json'), JSON.stringify(noLedger))
    expect((await doctor('--stack', join(folder, 'stack.json'))).ill).toEqual(['postgres'])
  })

  it('finds an edge that has stopped', async () => {
    await stops.pop()?.()
    const { code, ill } = await doctor('--edge-url', edge.url)
    expect({ code, ill }).toEqual({ code: 1, ill: ['edge'] })
  })
})
