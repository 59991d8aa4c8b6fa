import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../bench/kit.ts'
import { type EdgeProcess, fromLog, startProcess } from '../conformance/process.ts'
import { MODELS_DIR } from '../fixtures/models-dir.ts'
import { twohop } from '../fixtures/twohop-command.ts'
import { call, mint, refusal, stack } from './client.ts'

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
