import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { drill } from '../../../deploy/backup/drill.ts'
import { restoreRecords } from '../../../deploy/backup/records.ts'
import { createUpstashApiKeys } from '../../../edge/api-keys/upstash.ts'
import { createUpstashBudget } from '../../../edge/budget/upstash.ts'
import { createUpstashAccounts } from '../../../edge/budget/upstash-accounts.ts'
import { type Part, startPart } from '../../../local/part.ts'
import { findInstalledPostgres } from '../../../local/postgres/binaries.ts'
import { startServer } from '../../../local/postgres/server.ts'
import { type LocalRedis, startRedis } from '../../../local/redis/start.ts'
import { administered, administrator } from '../../fixtures/administrator.ts'
import { commandOf, createTyping } from '../../fixtures/commands/typed.ts'
import { ROOT } from '../../fixtures/pages.ts'
import { redisServer } from '../../fixtures/redis-server.ts'
import { twohop } from '../../fixtures/twohop-command.ts'

const { typed, untyped } = createTyping(import.meta.filename)
const installed = await findInstalledPostgres()
const file = (name: string) => new URL(`../../../${name}`, import.meta.url)
const DAY_MS = 86_400_000
const OWNER = { account: 'firebase:x:owner', issuedAt: 9_999_999_999 }
const thisMonth = () => new Date().toISOString().slice(0, 7)
const SUM = 'ab'.repeat(32)
const limits = { requestsPerMinute: 1e6, concurrent: 1e6, budgets: { minute: 1e6, day: 1e6, month: 1e6 } }

describe.skipIf(!installed || !redisServer)('backup and recovery', () => {
  let dir = ''
  let server: Awaited<ReturnType<typeof startServer>> | undefined
  let front: Part<{ url: string }> | undefined
  let redis: LocalRedis
  let database: Record<string, string>
  /** Anew for each try of the first test, on whose dump the others go on. */
  async function begin(): Promise<void> {
    await end()
    if (!installed) return
    dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
    redis = await startRedis({ dir, prefer: 'redis-server' })
    server = await startServer(installed)
    const { host, port, user, password } = server.address
    const address = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password }
    database = { ...address, PGDATABASE: 'postgres', PATH: `${installed.bin}:${process.env.PATH}` }
    const key = randomBytes(24).toString('base64url')
    front = await startPart(file('local/postgres/front.ts'), {
      env: { ...database, LEDGER_KEY: key, LEDGER_PORT: '0' },
    })
    vi.stubEnv('UPSTASH_REDIS_REST_URL', redis.url)
    vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', redis.token)
    vi.stubEnv('LEDGER_SUPABASE_URL', front.ready.url)
    vi.stubEnv('LEDGER_SUPABASE_KEY', key)
  }
  async function end(): Promise<void> {
    vi.unstubAllEnvs()
    await front?.stop()
    await server?.stop()
    await redis?.stop()
    if (dir) await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  }
  afterAll(end)

  const dump = () => join(dir, 'twohop.dump')
  const script = (name: string, ...words: string[]) => scriptWith({}, name, ...words)
  const scriptWith = async (variables: Record<string, string>, name: string, ...words: string[]) => {
    const env = { ...process.env, ...database, ...variables }
    return promisify(execFile)(file(`deploy/backup/${name}`).pathname, words, { env }).then(
      ({ stdout }) => ({ code: 0, said: stdout }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, said: stderr }),
    )
  }

  /** Requests of an account, each settled with what it used. */
  async function spend(account: string, ...units: number[]) {
    const budget = createUpstashBudget({ url: redis.url, token: redis.token, timeoutMs: 20_000 })
    const spender = { account, issuedAt: Math.floor(Date.now() / 1000), plan: 'free' }
    const names = { plan: 'free', model: 'tiny-chat', task: 'chat' }
    for (const [n, used] of units.entries()) {
      const requestId = `${account} ${n}`
      const held = await budget.reserve({ requestId, spender, units: 100, limits, leaseMs: 60_000, ...names })
      expect(held).toMatchObject({ granted: true })
      const tokens = { promptTokens: used, outputTokens: 0, computeMs: 1 }
      const reserved = { account, units: 100, key: '', ...names }
      await budget.settle({ requestId, reserved, units: used, ...tokens, outcome: 'ok' })
    }
  }

  it('restores a dump after Redis and Postgres are gone: counters equal the ledger, budgets refuse, acts hold', async () => {
    await begin()
    const began = thisMonth()
    await spend('firebase:x:ada', 17, 25)
    await spend('firebase:x:bob', 4)
    const options = { url: redis.url, token: redis.token, timeoutMs: 20_000 }
    const accounts = administered(createUpstashAccounts(options))
    await accounts.set('firebase:x:mallory', { status: 'suspended' })
    await accounts.set('firebase:x:bob', { plan: 'pro', billingDay: 31 })
    await accounts.grant('firebase:x:eve', 500, Date.now() + DAY_MS)
    const { act } = administrator('key')
    const keys = createUpstashApiKeys(options)
    const key = { id: 'k1', name: 'server', secretHash: SUM, scopes: ['chat'], plan: 'pro' }
    await keys.create({ ...key, expiresAt: Date.now() + DAY_MS }, OWNER, {
      ...act,
      action: 'key.create',
      target: 'k1',
    })
    expect(await twohop('drain', '--json')).toMatchObject({ code: 0 })
    const put = { 'deploy/': `'${file('deploy/').pathname}'` }
    const typing = typed(commandOf('docs/operations.md', 'deploy/backup/dump'), put, (text) =>
      promisify(execFile)('bash', ['-ec', text], { cwd: dir, env: { ...process.env, ...database } }),
    )
    expect(await typing).toMatchObject({ stdout: '' })
    const [made = ''] = (await readdir(dir)).filter((name) => name.endsWith('.dump'))
    await rename(join(dir, made), dump())
    expect(await script('dump', dump())).toMatchObject({ code: 1 })
    // Charged after the dump: the file does not know.
    await spend('firebase:x:late', 9)

    const record = (name: string) => ['HGETALL', `twohop:account:firebase:x:${name}`]
    let seen: unknown[] = []
    const report = await drill(dump(), async (restored) => {
      const ask = (...command: string[]) => asked(restored.redis, command)
      seen = [
        await ask('KEYS', 'twohop:budget:*'),
        await ask(...record('mallory')),
        await ask('PTTL', 'twohop:account:firebase:x:mallory'),
        await ask(...record('bob')),
        await ask('HMGET', 'twohop:account:firebase:x:eve', 'extra_units', 'extra_until'),
        await ask('HMGET', 'twohop:key:k1', 'account', 'secret_hash', 'scopes', 'name', 'plan', 'revoked'),
        await createUpstashApiKeys({ ...restored.redis, timeoutMs: 20_000 }).list(OWNER.account),
      ]
    })
    expect(report).toMatchObject({ events: 3, units: 46 })
    await copyFile(dump(), join(dir, made))
    const drilling = typed(
      commandOf('docs/operations.md', 'npm run drill'),
      { '"twohop-': `"${dir}/twohop-` },
      (text) => promisify(execFile)('bash', ['-ec', text], { cwd: ROOT }),
    )
    expect((await drilling).stdout).toContain('3 events, 46 units. ')
    await rm(join(dir, made))
    // In a month that began meanwhile nobody has used anything.
    if (thisMonth() === began)
      expect(report.refused).toEqual({
        account: 'firebase:x:ada',
        units: 42,
        code: 'budget_exhausted',
        admitted: true,
      })
    expect(report.printed).toContain('3 accounts and 1 API keys put back.')
    expect(report.printed).toContain('2 accounts, 4 windows: 4 differ, 4 counters rebuilt.')
    const [counters, mallory, life, bob, eve, k1, list] = seen
    expect(counters).toHaveLength(4)
    expect(mallory).toEqual(['status', 'suspended'])
    expect(life).toBe(-1)
    expect(bob).toEqual(['plan', 'pro', 'billing_day', '31'])
    expect(eve).toEqual(['500', expect.any(String)])
    expect(k1).toEqual([OWNER.account, SUM, 'chat', 'server', null, null])
    expect(list).toMatchObject([{ id: 'k1', scopes: ['chat'], revoked: false }])
  })

  it('changes nothing where the dump is broken', async () => {
    const broken = join(dir, 'broken.dump')
    const whole = await readFile(dump())
    await writeFile(broken, whole.subarray(0, Math.floor(whole.length * 0.9)))
    await withoutEvents(async (kept) => {
      for (const name of [broken, join(dir, 'none.dump')]) {
        expect(await script('restore', '--ledger', name)).toMatchObject({
          code: 1,
          said: expect.stringContaining('pg_restore'),
        })
        expect(await kept()).toBe(3)
      }
    })
  })

  /** The ledger without its events, so that it may be restored at all. They lie aside meanwhile, and `kept` counts them. */
  async function withoutEvents(run: (kept: () => Promise<number>) => Promise<void>): Promise<void> {
    if (!server) return
    const sql = postgres({ ...server.address, database: 'postgres', max: 1, onnotice: () => {} })
    onTestFinished(() => sql.end())
    await sql`alter table twohop.usage_events rename to usage_events_aside`
    await sql`create table twohop.usage_events ()`
    try {
      await run(async () => {
        const [row] = await sql`select count(*)::int as events from twohop.usage_events_aside`
        return row?.events
      })
    } finally {
      await sql`drop table twohop.usage_events`
      await sql`alter table twohop.usage_events_aside rename to usage_events`
    }
  }

  it('changes no ledger before it knows that Redis can be restored too', async () => {
    const [few, none] = [join(dir, 'few-programs'), '']
    await mkdir(few)
    for (const program of ['bash', 'dirname', 'sed', 'mktemp', 'rm']) {
      const { stdout } = await promisify(execFile)('which', [program])
      await symlink(stdout.trim(), join(few, program))
    }
    const lacking = [
      [{ PATH: `${installed?.bin}:${few}` }, 'Node 20 or newer is needed'],
      [{ UPSTASH_REDIS_REST_URL: none }, 'UPSTASH_REDIS_REST_URL'],
      [{ LEDGER_SUPABASE_KEY: none }, 'LEDGER_SUPABASE_KEY'],
      [{ UPSTASH_REDIS_REST_TOKEN: 'not-its-token' }, 'Redis at UPSTASH_REDIS_REST_URL'],
      [{ UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9' }, 'Redis at UPSTASH_REDIS_REST_URL'],
    ] as const
    await withoutEvents(async (kept) => {
      for (const [variables, said] of lacking) {
        expect(await scriptWith(variables, 'restore', dump())).toMatchObject({
          code: 1,
          said: expect.stringContaining(said),
        })
        expect(await kept()).toBe(3)
      }
    })
  })

  it('restores nothing over a ledger that has events, nor without a dump', async () => {
    expect(await script('restore', '--ledger', dump())).toEqual({
      code: 1,
      said: 'this ledger has events: nothing is restored over them\n',
    })
    expect(await script('restore')).toMatchObject({ code: 2 })
    expect(await script('restore', '--ledger')).toMatchObject({ code: expect.any(Number) })
  })

  it('puts back what Redis alone lost, less what was drawn of a grant, and leaves what was set since', async () => {
    if (!server) return
    const options = { url: redis.url, token: redis.token, timeoutMs: 20_000 }
    await asked(redis, ['FLUSHALL'])
    const accounts = administered(createUpstashAccounts(options))
    await accounts.set('firebase:x:bob', { plan: 'free' })
    const sql = postgres({ ...server.address, database: 'postgres', max: 1 })
    onTestFinished(() => sql.end())
    // What a first try drew: the ledger itself gives nothing back.
    await sql.begin(async (transaction) => {
      await transaction`set local session_replication_role = replica`
      await transaction`delete from twohop.usage_events where request_id = 'drawn'`
    })
    await sql`insert into twohop.usage_events (request_id, kind, reserved_at, at, account_id, model, task, plan, charged_month,
      prompt_tokens, output_tokens, compute_ms, units, extra_units, reserved_units, reported_units, outcome)
      select 'drawn', 'charge', reserved_at, now(), 'firebase:x:eve', model, task, plan, charged_month, 1, 1, 1, 120, 120, 120, 120, 'ok'
      from twohop.usage_events limit 1`
    const restored = await restoreRecords({ sql, redis: options, now: Date.now })
    expect(restored).toEqual({ accounts: 2, api_keys: 1 })
    expect(await accounts.get('firebase:x:bob')).toMatchObject({ plan: 'free', billingDay: 31 })
    expect(await accounts.get('firebase:x:mallory')).toMatchObject({ status: 'suspended' })
    expect(await accounts.get('firebase:x:eve')).toMatchObject({ extra: { units: 380 } })
    // What the grant paid lies beyond the budget, so that the rest of it is not drawn for it again.
    const [drawn] = await sql<{ day: string; month: string }[]>`
      select to_char(reserved_at at time zone 'utc', 'YYYY-MM-DD') as day, charged_month as month
      from twohop.usage_events where request_id = 'drawn'`
    for (const window of [`day:${drawn?.day}`, `month:${drawn?.month}`]) {
      const key = `twohop:budget:firebase:x:eve:${window}`
      expect(await asked(redis, ['HGETALL', key])).toEqual(['extra', '120'])
      expect(await asked(redis, ['PTTL', key])).toBeGreaterThan(DAY_MS)
    }
    expect(await restoreRecords({ sql, redis: options, now: Date.now })).toEqual({ accounts: 0, api_keys: 0 })
  })

  it('puts Redis back where the Node of the shell reads no TypeScript, as Node 20 does not', async () => {
    const old = join(dir, 'old-node')
    await mkdir(old)
    const text = `#!/bin/sh\nexec '${process.execPath}' --no-experimental-strip-types "$@"\n`
    await writeFile(join(old, 'node'), text, { mode: 0o755 })
    const restored = await scriptWith({ PATH: `${old}:${database.PATH}` }, 'restore', '--redis')
    expect(restored).toMatchObject({
      code: 0,
      said: expect.stringContaining('0 accounts and 0 API keys put back.'),
    })
  })

  it('types what it is listed for', () => expect(untyped()).toEqual([]))
})

async function asked({ url, token }: { url: string; token: string }, command: string[]): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(command),
  })
  return ((await answer.json()) as { result: unknown }).result
}
