import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { COUNTS, EDGE_CPU, MEASURED_CPU } from '../../../../cli/cost/counts.ts'
import { createUpstashBudget } from '../../../../edge/budget/upstash.ts'
import { createUpstashJobs } from '../../../../edge/jobs/upstash.ts'
import { createActDrain, createDrain } from '../../../../edge/ledger/drain.ts'
import { createUpstashStream } from '../../../../edge/ledger/upstash.ts'
import { createUpstashActStream } from '../../../../edge/ledger/upstash-acts.ts'
import { createUpstashBounded } from '../../../../edge/ledger/upstash-bounded.ts'
import { LATEST_BYTES } from '../../../../edge/stats/daily-sums.lua.ts'
import { VARIABLES } from '../../../../inference-host/config.ts'
import { createUpstashJobs as createHostJobs } from '../../../../inference-host/jobs/upstash.ts'
import { upstashClient } from '../../../../shared/upstash-client.ts'
import { startCountedRedis } from '../../../fixtures/counted-redis.ts'
import { unreadLog } from '../../../fixtures/log.ts'

const ACCOUNT = 'firebase:my-extension-1a2b3:Xq3pYbq0vPTn5y2fKf1cYQp9hQj2'
const limits = { requestsPerMinute: 100, concurrent: 10, budgets: { minute: 1e9, day: 1e9, month: 1e9 } }

/** A request, reserved and settled. */
async function request(budget: ReturnType<typeof createUpstashBudget>): Promise<void> {
  const requestId = crypto.randomUUID()
  const reserved = await budget.reserve({
    requestId,
    spender: { account: ACCOUNT, plan: 'pro', issuedAt: Math.floor(Date.UTC(2026, 10, 21) / 1000) },
    units: 1000,
    limits,
    leaseMs: 150_000,
    model: 'smollm2-135m-instruct',
    task: 'chat',
    plan: 'pro',
  })
  expect(reserved.granted).toBe(true)
  await budget.settle({
    requestId,
    reserved: {
      account: ACCOUNT,
      units: 1000,
      plan: 'pro',
      model: 'smollm2-135m-instruct',
      task: 'chat',
      key: '',
    },
    units: 500,
    promptTokens: 300,
    outputTokens: 150,
    computeMs: 3000,
    outcome: 'ok',
  })
}

describe('what a request takes of Redis', () => {
  const clock = { now: Date.UTC(2026, 10, 21, 10, 59, 5) }
  let redis: Awaited<ReturnType<typeof startCountedRedis>>
  let budget: ReturnType<typeof createUpstashBudget>
  beforeAll(async () => {
    redis = await startCountedRedis(() => clock.now)
    budget = createUpstashBudget({ url: redis.url, token: redis.token })
    // The first of each brings the scripts' texts along.
    await request(budget)
    await budget.sweep(1)
  })
  afterAll(() => redis.stop())

  const commandsAfter = async (milliseconds: number) => {
    clock.now += milliseconds
    redis.take()
    await request(budget)
    return redis.take().commands
  }

  it("is the commands that are counted in a minute's first request, and no more in its later ones", async () => {
    expect(await commandsAfter(60_000)).toBe(COUNTS.redisCommandsPerRequest)
    const later = await commandsAfter(1000)
    expect(later).toBeLessThanOrEqual(COUNTS.redisCommandsPerRequest)
    expect(later).toBeGreaterThan(COUNTS.redisCommandsPerRequest * 0.9)
  })

  it("is hardly more in a day's first request", async () => {
    expect(await commandsAfter(86_400_000)).toBeLessThan(COUNTS.redisCommandsPerRequest * 1.15)
  })

  it('is no more bytes than are counted, and not far fewer', async () => {
    redis.take()
    await request(budget)
    const { bytes } = redis.take()
    expect(bytes).toBeLessThanOrEqual(COUNTS.redisBytesPerRequest)
    expect(bytes).toBeGreaterThan(COUNTS.redisBytesPerRequest * 0.9)
  })

  it('is as many characters of sums and latest requests, in 93 days of one model, as are counted with what holds them', async () => {
    const { command } = upstashClient({ url: redis.url, token: redis.token, timeoutMs: 2000 })
    const field = `${new Date(clock.now).toISOString().slice(8, 10)} chat smollm2-135m-instruct`
    const text = String(await command('HGET', `twohop:history:${ACCOUNT}:2026-11`, field))
    // Four months' hashes, each with its own 250 bytes; a field takes 4 bytes more, and numbers of many requests 12.
    const sums = 4 * 250 + 93 * (text.length + 12 + field.length + 4)
    expect(sums + LATEST_BYTES + 250).toBeLessThanOrEqual(COUNTS.redisStorageBytesPerHistory)
    expect(sums + LATEST_BYTES + 250).toBeGreaterThan(COUNTS.redisStorageBytesPerHistory * 0.8)
  })

  it('is what is counted for a sweep that finds nothing', async () => {
    redis.take()
    await budget.sweep(1)
    const { commands, bytes } = redis.take()
    expect(commands).toBe(COUNTS.redisCommandsPerSweep)
    expect(bytes).toBeLessThanOrEqual(COUNTS.redisBytesPerSweep)
    expect(bytes).toBeGreaterThan(COUNTS.redisBytesPerSweep * 0.9)
  })
})

describe('what a look for jobs takes of Redis', () => {
  it('is what is counted where there is none', async () => {
    const redis = await startCountedRedis(() => Date.UTC(2026, 10, 21, 10, 59, 5))
    onTestFinished(() => redis.stop())
    const jobs = createUpstashJobs({ url: redis.url, token: redis.token, timeoutMs: 2000, log: unreadLog })
    await jobs.due(100)
    redis.take()
    expect(await jobs.due(100)).toEqual([])
    const { commands, bytes } = redis.take()
    expect(commands).toBe(COUNTS.redisCommandsPerJobRun)
    expect(bytes).toBeLessThanOrEqual(COUNTS.redisBytesPerJobRun)
    expect(bytes).toBeGreaterThan(COUNTS.redisBytesPerJobRun * 0.9)
  })
})

describe("what a host's look and the check of the bounds take of Redis", () => {
  it('is what is counted where there is nothing', async () => {
    const redis = await startCountedRedis(() => Date.UTC(2026, 10, 21, 10, 59, 5))
    onTestFinished(() => redis.stop())
    const options = { url: redis.url, token: redis.token, timeoutMs: 2000 }
    const host = createHostJobs({ ...options, host: crypto.randomUUID(), claimMs: 30_000 })
    const streams = createUpstashBounded(options)
    const most = { events: 100_000, acts: 50_000 }
    await host.claim(['smollm2-135m-instruct'])
    await streams.trim(most)
    redis.take()
    expect(await host.claim(['smollm2-135m-instruct'])).toBeUndefined()
    const look = redis.take()
    expect(look.commands).toBe(COUNTS.redisCommandsPerLook)
    expect(look.bytes).toBeLessThanOrEqual(COUNTS.redisBytesPerLook)
    expect(look.bytes).toBeGreaterThan(COUNTS.redisBytesPerLook * 0.85)
    expect(Number(VARIABLES.HOST_JOBS_POLL_SECONDS.fallback)).toBe(COUNTS.hostLookSeconds)
    await streams.trim(most)
    const bounds = redis.take()
    expect(bounds.commands).toBe(COUNTS.redisCommandsPerBoundsRun)
    expect(bounds.bytes).toBeLessThanOrEqual(COUNTS.redisBytesPerBoundsRun)
    expect(bounds.bytes).toBeGreaterThan(COUNTS.redisBytesPerBoundsRun * 0.85)
  })
})

describe('what the drains take of Redis', () => {
  let redis: Awaited<ReturnType<typeof startCountedRedis>>
  let drain: () => Promise<unknown>
  const clock = { now: Date.UTC(2026, 10, 21, 10, 59, 5) }
  beforeAll(async () => {
    redis = await startCountedRedis(() => clock.now)
    const { url, token } = redis
    // Postgres takes all that comes; what it costs is not counted here.
    const record = async (items: readonly unknown[]) => ({
      recorded: items.length,
      duplicates: 0,
      conflicts: [],
    })
    const ledger = { record, recordActs: record, totals: async () => [] }
    const now = () => clock.now
    const events = createDrain({ stream: createUpstashStream({ url, token }), ledger, now })
    const readMirror = async () => ({ accounts: [], apiKeys: [], readAt: clock.now })
    const acts = createActDrain({ stream: createUpstashActStream({ url, token }), ledger, readMirror, now })
    drain = async () => {
      await events()
      await acts()
    }
    const budget = createUpstashBudget({ url, token })
    await request(budget)
    // The first run makes the groups and brings the scripts' texts along.
    await drain()
    redis.take()
    await drain()
  })
  afterAll(() => redis.stop())

  it('is what is counted for a run that finds nothing', async () => {
    const { commands, bytes } = redis.take()
    expect(commands).toBe(COUNTS.redisCommandsPerDrain)
    expect(bytes).toBeLessThanOrEqual(COUNTS.redisBytesPerDrain)
    expect(bytes).toBeGreaterThan(COUNTS.redisBytesPerDrain * 0.9)
  })

  it('is what is counted for a batch and each event in it', async () => {
    const { url, token } = redis
    const budget = createUpstashBudget({ url, token })
    const events = 50
    for (let n = 0; n < events; n++) await request(budget)
    redis.take()
    await drain()
    const { commands, bytes } = redis.take()
    expect(commands).toBe(COUNTS.redisCommandsPerDrain + COUNTS.redisCommandsPerBatch)
    const perEvent = (bytes - COUNTS.redisBytesPerDrain) / events
    expect(perEvent).toBeLessThanOrEqual(COUNTS.redisBytesPerEvent)
    expect(perEvent).toBeGreaterThan(COUNTS.redisBytesPerEvent * 0.9)
  })
})

describe('what was measured', async () => {
  const page = await readFile(new URL('../../../../docs/benchmarks.md', import.meta.url), 'utf8')
  const cells = (first: RegExp) =>
    page
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .find(([, name = '']) => first.test(name)) ?? []

  it('is the CPU time of the page of benchmarks', () => {
    expect(cells(/^CPU µs a request/).at(-2)).toBe(EDGE_CPU.answerMicros.toLocaleString('en-US'))
    expect(cells(/^CPU µs a stream/).at(-2)).toBe(EDGE_CPU.streamMicros.toLocaleString('en-US'))
    expect(page).toContain(`streams of ${EDGE_CPU.streamChunks} chunks`)
  })

  it.each(MEASURED_CPU)(
    'is the throughput of the page of benchmarks, $promptTokens + $outputTokens',
    (one) => {
      const [, , , , behind] = cells(new RegExp(`^${one.promptTokens} \\+ ${one.outputTokens}, 16 streams$`))
      expect(behind).toContain(`→ ${one.tokensPerSecond};`)
    },
  )
})
