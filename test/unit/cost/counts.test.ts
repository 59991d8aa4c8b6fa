import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COUNTS, EDGE_CPU, MEASURED_CPU } from '../../../cost/counts.ts'
import { createUpstashBudget } from '../../../edge/budget/upstash.ts'
import { startCountedRedis } from './counted-redis.ts'

const ACCOUNT = 'firebase:my-extension-1a2b3:Xq3pYbq0vPTn5y2fKf1cYQp9hQj2'
const limits = { requestsPerMinute: 100, concurrent: 10, budgets: { minute: 1e9, day: 1e9, month: 1e9 } }

describe('what a request takes of Redis', () => {
  const clock = { now: Date.UTC(2026, 10, 21, 10, 59, 5) }
  let redis: Awaited<ReturnType<typeof startCountedRedis>>
  let budget: ReturnType<typeof createUpstashBudget>
  const request = async () => {
    const requestId = crypto.randomUUID()
    const reserved = await budget.reserve({
      requestId,
      spender: { account: ACCOUNT, plan: 'pro', issuedAt: Math.floor(clock.now / 1000) },
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
  beforeAll(async () => {
    redis = await startCountedRedis(() => clock.now)
    budget = createUpstashBudget({ url: redis.url, token: redis.token })
    // The first of each brings the scripts' texts along.
    await request()
    await budget.sweep(1)
  })
  afterAll(() => redis.stop())

  const commandsAfter = async (milliseconds: number) => {
    clock.now += milliseconds
    redis.take()
    await request()
    return redis.take().commands
  }

  it("is the commands that are counted in a minute's first request, and no more in its later ones", async () => {
    expect(await commandsAfter(60_000)).toBe(COUNTS.redisCommandsPerRequest)
    const later = await commandsAfter(1000)
    expect(later).toBeLessThanOrEqual(COUNTS.redisCommandsPerRequest)
    expect(later).toBeGreaterThan(COUNTS.redisCommandsPerRequest * 0.9)
  })

  it("is hardly more in a day's first request", async () => {
    expect(await commandsAfter(86_400_000)).toBeLessThan(COUNTS.redisCommandsPerRequest * 1.1)
  })

  it('is no more bytes than are counted, and not far fewer', async () => {
    redis.take()
    await request()
    const { bytes } = redis.take()
    expect(bytes).toBeLessThanOrEqual(COUNTS.redisBytesPerRequest)
    expect(bytes).toBeGreaterThan(COUNTS.redisBytesPerRequest * 0.9)
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

describe('what was measured', async () => {
  const page = await readFile(new URL('../../../docs/benchmarks.md', import.meta.url), 'utf8')
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
