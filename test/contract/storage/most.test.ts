import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { createUpstashRate } from '../../../edge/access/upstash-rate.ts'
import { MAX_API_KEYS, MAX_NEW_API_KEYS } from '../../../edge/api-keys/bounds.ts'
import { createUpstashApiKeys } from '../../../edge/api-keys/upstash.ts'
import { createUpstashAudit } from '../../../edge/audit/upstash.ts'
import { FEEDBACK_MOST } from '../../../edge/ledger/bounds.ts'
import { createUpstashBounded } from '../../../edge/ledger/upstash-bounded.ts'
import { createUpstashFeedback } from '../../../edge/ledger/upstash-feedback.ts'
import { FEEDBACK_CHARS } from '../../../edge/routes/feedback.ts'
import { LATEST_BYTES, TOP_KEPT } from '../../../edge/stats/daily-sums.lua.ts'
import { createUpstashJobs } from '../../../inference-host/jobs/upstash.ts'
import { ERRORS } from '../../../shared/errors.ts'
import { noRedisServer, redisServer } from '../../fixtures/redis-server.ts'
import { limits, request, running, settlement, usage } from '../budget/each-redis.ts'

/** As long as an account's name can be: a Firebase project of 30 characters and a uid of 128. */
const LONG = `firebase:${'p'.repeat(30)}:${'u'.repeat(128)}`
const MODEL = 'm'.repeat(200)
const page = await readFile(new URL('../../../docs/storage.md', import.meta.url), 'utf8')
const [, table = ''] = page.split('\n### The most that it holds\n')

/** The cells of a key's row: what one account can make it hold, and what the whole deployment can. */
function rowOf(key: string): [string, string] {
  const row = table.split('\n').find((line) => line.includes(`\`${key}\``)) ?? ''
  const [, , account = '', all = ''] = row.split('|').map((cell) => cell.trim())
  return [account, all]
}

/** A number in a cell, by the words around it: `figure(cell, '192 settled')` is 192 if the cell says so. */
function figure(cell: string, words: string): number {
  expect(cell).toContain(words)
  return Number((/[\d,]+/.exec(words)?.[0] ?? '').replaceAll(',', ''))
}

describe.skipIf(!redisServer)(`what docs/storage.md says Redis holds at most${noRedisServer}`, () => {
  const redis = running('redis-server')
  const options = () => ({ ...redis.local(), timeoutMs: 20_000, clock: () => redis.clock.now })
  const weigh = async (pattern: string) => {
    const keys = await redis.command<string[]>('KEYS', pattern)
    const sizes = await redis.pipeline<number>(keys.map((key) => ['MEMORY', 'USAGE', key, 'SAMPLES', 0]))
    return { keys: keys.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
  }
  const big = limits({ minute: 9e15, day: 9e15, month: 9e15 })
  const asked = (id: string, changes = {}) =>
    request(id, { account: LONG, units: 1e12, limits: big, model: MODEL, ...changes })

  it('an account that asks, runs and has spent', async () => {
    const budget = redis.budget({ project: { day: 9e15, month: 9e15 } })
    const [unsettled, settled] = [16, 200]
    for (let n = 0; n < unsettled; n++) await budget.reserve(asked(`open-${crypto.randomUUID()}`))
    const open = await weigh('twohop:reservation:*')
    const [reservations] = rowOf('twohop:reservation:{request}')
    expect(open.bytes).toBeLessThanOrEqual(unsettled * figure(reservations, '1,536 open'))
    await redis.command('FLUSHALL')
    for (let n = 0; n < unsettled + settled; n++) {
      const id = crypto.randomUUID()
      await budget.reserve(asked(id))
      const reserved = { account: LONG, units: 1e12, plan: 'free', model: MODEL, task: 'chat', key: '' }
      if (n >= unsettled) await budget.settle(settlement(id, { reserved, units: 1e12 }))
    }
    const { bytes } = await weigh('twohop:reservation:*')
    const left = bytes - (await weighOpen())
    expect(left).toBeLessThanOrEqual(settled * figure(reservations, '192 settled'))
    const [events] = rowOf('twohop:events')
    expect((await weigh('twohop:events')).bytes).toBeLessThanOrEqual(
      settled * figure(events, '1,024 a minute'),
    )
    for (const [key, pattern, words] of [
      ['twohop:budget:{account}:minute:{UTC minute}', `twohop:budget:${LONG}:minute:*`, '512'],
      ['twohop:budget:{account}:day:{UTC day}', `twohop:budget:${LONG}:day:*`, '512'],
      ['twohop:budget:{account}:month:{UTC month, or first day}', `twohop:budget:${LONG}:month:*`, '512'],
      ['twohop:month:{account}', `twohop:month:*`, '384'],
    ] as const) {
      const there = await weigh(pattern)
      expect(there.keys, key).toBe(1)
      expect(there.bytes, key).toBeLessThanOrEqual(figure(rowOf(key)[0], words))
    }
    const [, project] = rowOf('twohop:project:month:{UTC month}')
    for (const window of ['day', 'month'])
      expect((await weigh(`twohop:project:${window}:*`)).bytes).toBeLessThanOrEqual(figure(project, '256'))
    const [leases] = rowOf('twohop:leases:{account}')
    expect((await weigh('twohop:leases:*')).bytes).toBeLessThanOrEqual(
      figure(leases, '512 +') + unsettled * figure(leases, '192'),
    )
    const [opened] = rowOf('twohop:open')
    expect((await weigh('twohop:open')).bytes).toBeLessThanOrEqual(256 + unsettled * figure(opened, '192'))

    async function weighOpen(): Promise<number> {
      const ids = await redis.command<string[]>('ZRANGE', 'twohop:open', 0, -1)
      const sizes = await redis.pipeline<number>(
        ids.map((id) => ['MEMORY', 'USAGE', `twohop:reservation:${id}`, 'SAMPLES', 0]),
      )
      return sizes.reduce((sum, size) => sum + size, 0)
    }
  })

  it('an account of many days, models and requests, and what all accounts add up to', async () => {
    const budget = redis.budget()
    redis.clock.now = Date.UTC(2026, 9, 1)
    const [days, models] = [31, 2]
    const errors = Object.keys(ERRORS)
    for (let day = 0; day < days; day++) {
      for (let model = 0; model < models; model++) {
        const id = crypto.randomUUID()
        await budget.reserve(asked(id, { model: `${MODEL}${model}`, task: 'zero-shot-classification' }))
        const reserved = { account: LONG, units: 1e12, plan: 'free', model: MODEL, task: 'chat', key: '' }
        const tokens = { units: 1e12, promptTokens: 1e12, outputTokens: 1e12 }
        await budget.settle(settlement(id, { reserved, ...tokens, measured: { totalMs: 1e7, firstMs: 1e7 } }))
      }
      redis.clock.now += 86_400_000
    }
    const [history] = rowOf('twohop:history:{account}:{UTC month}')
    const rows = days * models
    const { bytes } = await weigh('twohop:history:*')
    expect(bytes).toBeLessThanOrEqual(figure(history, '512 +') + rows * figure(history, '× 512'))
    // A day in which every bucket and every code was met.
    const field = (await redis.command<string[]>('HKEYS', 'twohop:stats:2026-10')).at(0) ?? ''
    const times = Array.from({ length: 17 }, (_, i) => ` m${i}=123456789 f${i}=123456789`).join('')
    const sums = ` o=123456789 c=123456789 f=123456789 r=123456789 u=123456789 ms=${1e15} fs=${1e15}${times}`
    await redis.command('DEL', 'twohop:stats:2026-10')
    for (let day = 1; day <= days; day++) {
      for (let model = 0; model < models; model++)
        await redis.command('HSET', 'twohop:stats:2026-10', `${day} ${field.slice(3)}${model}`, sums)
      const counts = errors.map((code) => ` ${code}=123456789`).join('')
      await redis.command('HSET', 'twohop:stats:2026-10', `${day} errors`, counts)
    }
    const [, stats] = rowOf('twohop:stats:{UTC month}')
    expect((await weigh('twohop:stats:*')).bytes).toBeLessThanOrEqual(
      figure(stats, '512 +') + days * (models * figure(stats, '× 1,024') + figure(stats, '+ 2,048')),
    )
    const accounts = Array.from({ length: TOP_KEPT }, (_, n) => [9e15, `${LONG.slice(3)}${n}`]).flat()
    await redis.command('DEL', 'twohop:top:2026-10-01')
    await redis.command('ZADD', 'twohop:top:2026-10-01', ...accounts)
    const [, top] = rowOf('twohop:top:{UTC day}')
    expect((await weigh('twohop:top:2026-10-01')).bytes).toBeLessThanOrEqual(
      figure(top, `${TOP_KEPT} ×`) * figure(top, '× 384'),
    )
    const [latest] = rowOf('twohop:latest:{account}')
    expect(await redis.command<number>('STRLEN', `twohop:latest:${LONG}`)).toBeGreaterThan(LATEST_BYTES - 512)
    expect((await weigh('twohop:latest:*')).bytes).toBeLessThanOrEqual(figure(latest, '8,192'))
  })

  it('feedback whose texts are as long as can be', async () => {
    const store = createUpstashFeedback(options())
    const said = { requestId: crypto.randomUUID(), score: 1, text: '\u754c'.repeat(FEEDBACK_CHARS) } as const
    const by = { account: LONG, issuedAt: 2_000_000_000 }
    for (let n = 0; n < 100; n++) await store.keep(said, by)
    const [, all] = rowOf('twohop:feedback')
    figure(all, `${FEEDBACK_MOST.toLocaleString('en-US')} × 8 KiB`)
    expect((await weigh('twohop:feedback')).bytes).toBeLessThanOrEqual(100 * 8 * 1024)
  })

  it('events become sums, by model', async () => {
    const budget = redis.budget()
    for (let model = 0; model < 5; model++) {
      await budget.reserve(asked(`r${model}`, { model: `${MODEL}${model}` }))
      const reserved = { account: LONG, units: 1e12, plan: 'free', model: MODEL, task: 'chat', key: '' }
      await budget.settle(settlement(`r${model}`, { reserved, units: 1e12 }))
    }
    await createUpstashBounded(options()).trim({ events: 0, acts: 0 })
    const [sums] = rowOf('twohop:usage:{account}:{month}')
    const most = figure(sums, '512 +') + 5 * figure(sums, '1,536')
    expect((await weigh('twohop:usage:*')).bytes).toBeLessThanOrEqual(most)
  })

  it('answers given again: as many as fit into a day, and then their keys for ten minutes', async () => {
    const budget = redis.budget()
    /** As many answers as `count`, each of so many characters. */
    const keep = (count: number, name: string, characters: number) =>
      Promise.all(
        Array.from({ length: count }, async (_, n) => {
          const id = `${name}-${n}`
          const key = id.padStart(64, 'a')
          const idempotency = { id: key, body: 'b'.repeat(64) }
          await budget.reserve(asked(id, { idempotency, units: 1 }))
          const reserved = { account: LONG, units: 1, plan: 'free', model: MODEL, task: 'chat', key: '' }
          const answer = 'x'.repeat(characters)
          await budget.settle(settlement(id, { reserved, units: 1, idempotency: { id: key, answer } }))
        }),
      )
    // Long ones for most of the day's bound, then short ones, which weigh most beside what is counted of them.
    await keep(370, 'long', 20_000)
    for (const batch of ['first', 'second', 'third', 'fourth']) await keep(1000, batch, 150)
    const keys = await redis.command<string[]>('KEYS', 'twohop:idempotency:*')
    const lives = await redis.pipeline<number>(keys.map((key) => ['PTTL', key]))
    const sizes = await redis.pipeline<number>(keys.map((key) => ['MEMORY', 'USAGE', key]))
    const ofDay = sizes.filter((_, i) => (lives[i] ?? 0) > 600_000).reduce((sum, size) => sum + size, 0)
    const later = sizes.filter((_, i) => (lives[i] ?? 0) <= 600_000)
    const [cell] = rowOf('twohop:idempotency:{SHA-256}')
    expect(later.length).toBeGreaterThan(1000)
    expect(lives.filter((life, i) => life > 600_000 && (sizes[i] ?? 0) < 1000).length).toBeGreaterThan(1000)
    expect(ofDay).toBeLessThanOrEqual(figure(cell, '10 MiB') * 1024 ** 2)
    expect(Math.max(...later)).toBeLessThanOrEqual(figure(cell, '400 beyond the bound'))
  })

  it('keys, acts, readers and hosts', async () => {
    // Redis drops a key at its end by its own clock.
    redis.clock.now = Date.now()
    const apiKeys = createUpstashApiKeys(options())
    const act = {
      actor: LONG,
      action: 'key.create',
      target: 'k',
      reason: undefined,
      detail: { name: '\u{1F511}'.repeat(50) },
    }
    const scopes = [
      'chat',
      'embed',
      'jobs',
      'keys',
      'tasks:zero-shot-classification',
      'tasks:feature-extraction',
    ]
    for (let n = 0; n < MAX_API_KEYS; n++) {
      const fresh = {
        secretHash: 'a'.repeat(64),
        plan: 'p'.repeat(64),
        name: '\u{1F511}'.repeat(50),
        scopes,
      }
      const id = `${n}`.padStart(20, 'k')
      // The first is made by a user, the others by the first.
      const first = { key: '0'.padStart(20, 'k'), secretHash: fresh.secretHash, scope: '' }
      const caller = n === 0 ? { account: LONG, issuedAt: 0 } : first
      await apiKeys.create({ ...fresh, id, expiresAt: redis.clock.now + 9e9 }, caller, act)
    }
    const [key] = rowOf('twohop:key:{key}')
    expect((await weigh('twohop:key:*')).bytes).toBeLessThanOrEqual(MAX_API_KEYS * figure(key, '1,536'))
    const [list] = rowOf('twohop:keys:{account}')
    expect((await weigh('twohop:keys:*')).bytes).toBeLessThanOrEqual(
      figure(list, '512 +') + MAX_API_KEYS * figure(list, '128'),
    )
    expect((await weigh('twohop:keys-new:*')).bytes).toBeLessThanOrEqual(
      figure(rowOf('twohop:keys-new:{account}')[0], '384'),
    )
    const [acts] = rowOf('twohop:audit')
    expect(figure(acts, '200 ×')).toBe(2 * MAX_NEW_API_KEYS)
    expect((await weigh('twohop:audit')).bytes).toBeLessThanOrEqual(MAX_API_KEYS * figure(acts, '1,024'))

    const audit = createUpstashAudit(options())
    await redis.command('DEL', 'twohop:audit')
    for (let n = 0; n < 20; n++)
      await audit.record({ ...act, target: LONG, reason: '\u{1F511}'.repeat(500), detail: { units: 9e15 } })
    expect((await weigh('twohop:audit')).bytes).toBeLessThanOrEqual(20 * 4096)

    await usage(redis.budget(), big, LONG)
    const records = redis.records().accounts
    await records.set(LONG, {
      status: 'suspended',
      plan: 'p'.repeat(64),
      billingDay: 31,
      revokedBefore: 9e9,
    })
    await records.grant(LONG, 1e15, 9e15)
    expect((await weigh('twohop:account:*')).bytes).toBeLessThanOrEqual(
      figure(rowOf('twohop:account:{account}')[0], '512'),
    )

    const countries = ['AA', 'BB', 'CC', 'DD', 'EE', 'FF', 'GG', 'HH', 'II']
    const budget = redis.budget()
    for (const [n, country] of countries.entries())
      await budget.reserve(
        asked(`odd${n}`, { watched: { action: 'challenge', at: 1, country, network: 'a'.repeat(16) } }),
      )
    expect((await weigh('twohop:anomaly:*')).bytes).toBeLessThanOrEqual(
      figure(rowOf('twohop:anomaly:{credential}')[0], '1,024'),
    )
    for (let n = 0; n < 40; n++) {
      const spender = { account: `${LONG.slice(0, -2)}${n}`, plan: 'free', issuedAt: 0 }
      await budget.reserve(
        asked(`from${n}`, { spender, watched: { action: 'log', at: 100, network: 'a'.repeat(16) } }),
      )
    }
    const [, network] = rowOf('twohop:anomaly-network:{hash}')
    expect((await weigh('twohop:anomaly-network:*')).bytes).toBeLessThanOrEqual(32 * figure(network, '320'))

    await createUpstashRate({ ...options(), perMinute: 60 })(`keys of ${LONG}`)
    for (const name of ['reads', 'acts'])
      expect((await weigh(`twohop:${name}:*`)).bytes).toBeLessThanOrEqual(2 * 384)
    expect(rowOf('twohop:reads:{reader}:{minute}')[0]).toBe('2 × 384')
    expect(rowOf('twohop:acts:{who}:{minute}')[0]).toBe('2 × 384')

    await createUpstashJobs({ ...options(), host: 'h', claimMs: 1000 }).claim([MODEL])
    expect((await weigh('twohop:jobs-served')).bytes).toBeLessThanOrEqual(
      figure(rowOf('twohop:jobs-served')[1], '1,280'),
    )
  })
})
