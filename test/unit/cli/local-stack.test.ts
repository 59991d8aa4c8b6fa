import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { localStackHint } from '../../../cli/local-stack.ts'
import { twohop } from '../../fixtures/twohop-command.ts'

const STACK = {
  edge: { url: 'http://127.0.0.1:8787' },
  redis: { url: 'http://127.0.0.1:1', token: 'redis-token' },
  postgres: { url: 'http://127.0.0.1:2', secretKey: 'postgres-key' },
  tokens: { supabase: { admin: 'admin-token' } },
}
const OF_DEPLOYMENT = {
  UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1',
  UPSTASH_REDIS_REST_TOKEN: 'redis-token',
}
const OF_LEDGER = { LEDGER_SUPABASE_URL: 'http://127.0.0.1:2', LEDGER_SUPABASE_KEY: 'postgres-key' }
const OF_API = { TWOHOP_URL: 'http://127.0.0.1:8787', TWOHOP_TOKEN: 'admin-token' }
const ALL = { ...OF_DEPLOYMENT, ...OF_LEDGER, ...OF_API }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twohop-it's "))
  await writeFile(join(folder, 'stack.json'), JSON.stringify(STACK))
  vi.stubEnv('TWOHOP_DIR', folder)
  for (const name of Object.keys(ALL)) vi.stubEnv(name, '')
  return async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true, maxRetries: 10 })
  }
})

/** What a shell has set after the lines that are to be typed. */
async function typed(hint: string, names: string[]): Promise<Record<string, string | undefined>> {
  const lines = hint.split('For the stack that `npm start` runs here:\n')[1] ?? ''
  const show = `${process.execPath} -p 'JSON.stringify(process.env)'`
  const { stdout } = await promisify(execFile)('bash', ['-ec', `${lines}\n${show}`])
  const set = JSON.parse(stdout)
  return Object.fromEntries(names.map((name) => [name, set[name]]))
}

describe.each([
  [['catalog', 'list'], OF_DEPLOYMENT],
  [['catalog', 'show'], OF_DEPLOYMENT],
  [['prompts'], OF_DEPLOYMENT],
  [['drain'], { ...OF_DEPLOYMENT, ...OF_LEDGER }],
  [['reconcile'], { ...OF_DEPLOYMENT, ...OF_LEDGER }],
  [['accounts', 'list'], OF_API],
  [['keys', 'list'], OF_API],
  [['audit'], OF_API],
])('twohop %j without its variables', (words, variables) => {
  it('says what to type for the stack of npm start, and a shell takes it', async () => {
    const { code, err } = await twohop(...words)
    expect(code).toBe(2)
    expect(await typed(err, Object.keys(variables))).toEqual(variables)
  })
})

it('says nothing of variables that the stack does not have, nor of a secret for an address that is set', async () => {
  expect(localStackHint([])).toBe('')
  expect(localStackHint(['CATALOG'])).toBe('')
  vi.stubEnv('UPSTASH_REDIS_REST_URL', 'https://redis.example')
  expect((await twohop('prompts')).err).not.toContain('npm start')
  expect((await twohop('drain')).err).toContain('export LEDGER_SUPABASE_URL=$(stack postgres.url) LEDGER')
})

it('doctor says that it looks at a running stack by itself', async () => {
  expect((await twohop('doctor')).err).toContain('a running npm start is looked at')
})
