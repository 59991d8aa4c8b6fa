import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reserveCall, settleCall } from '../../edge/budget/commands.ts'
import { createUpstashBudget } from '../../edge/budget/upstash.ts'
import type { RedisStore } from '../../local/redis/port.ts'
import { findRedisServer, startRealRedis } from '../../local/redis/real.ts'
import { startRestFront } from '../../local/redis/rest.ts'
import { pinToCore, spread } from '../kit.ts'
import type { BudgetBenchOptions } from '../options.ts'
import { load, loadRound, type Phase } from './load.ts'
import { type Memory, measureMemory } from './memory.ts'
import { SETTINGS, type Setting, settlementOf } from './requests.ts'

/** Redis is single-threaded: one core is all of it. The load has the other. */
const REDIS_CORE = 1
const LOAD_CORE = 0

type Spread = ReturnType<typeof spread>
type Figures = Record<keyof Phase, Spread>
type Case = { name: string; reserve: Figures; settle: Figures; requests: number; commands: number }

/**
 * The budget's scripts on a real redis-server of one core: calls a second and how long they take, with few limits and
 * with all of them; HTTP requests and commands that one model call makes, counted; bytes an account takes.
 * @throws Error where there is no redis-server
 */
export async function budgetBench(options: BudgetBenchOptions): Promise<unknown> {
  const { json, rounds, seconds, progress } = options
  const file = await findRedisServer()
  if (!file) throw new Error('The benchmark needs a redis-server on the PATH (Debian: redis-server).')
  const dir = await mkdtemp(join(tmpdir(), 'twohop-bench-'))
  const redis = await startRealRedis(file, dir)
  try {
    const pinned = (await pinToCore(redis.pid, REDIS_CORE)) && (await pinToCore(process.pid, LOAD_CORE))
    const runs = SETTINGS.map(() => [] as Awaited<ReturnType<typeof loadRound>>[])
    for (let round = 1; round <= rounds; round++)
      for (const [i, setting] of SETTINGS.entries()) {
        progress(`round ${round} of ${rounds}: ${setting.name}`)
        await prepared(redis, setting, async () => runs[i]?.push(await loadRound(redis, setting, seconds)))
      }
    const cases: Case[] = []
    for (const [i, setting] of SETTINGS.entries()) {
      const results = runs[i] ?? []
      cases.push({
        name: setting.name,
        reserve: figures(results.map(({ reserve }) => reserve)),
        settle: figures(results.map(({ settle }) => settle)),
        ...(await prepared(redis, setting, (front) => counted(front, setting))),
      })
    }
    progress('memory of 10,000 accounts')
    const memory = await measureMemory(redis, SETTINGS[0] as Setting)
    const result = {
      redis_version: await version(redis),
      pinned,
      rounds,
      seconds,
      cases,
      memory_bytes: memory,
    }
    if (!json) print(cases, memory)
    return result
  } finally {
    await redis.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

type Front = { url: string; token: string }

/** Runs `act` on a Redis that holds what the setting needs and nothing else. */
async function prepared<T>(
  redis: RedisStore,
  setting: Setting,
  act: (front: Front) => Promise<T>,
): Promise<T> {
  await redis.execute(['FLUSHALL'])
  const token = crypto.randomUUID()
  const front = await startRestFront({ store: redis, token })
  try {
    await setting.prepare({ url: front.url, token })
    const any = setting.request(0)
    await load(redis, reserveCall(any, setting.project, 0))
    await load(redis, settleCall(settlementOf(any), 0))
    return await act({ url: front.url, token })
  } finally {
    await front.stop()
  }
}

/** HTTP requests and Redis commands of one model call, counted by the front over 20 of them. */
async function counted({ url, token }: Front, setting: Setting) {
  const stats = async () => {
    const answer = await fetch(`${url}/twohop/stats`, { headers: { authorization: `Bearer ${token}` } })
    return (await answer.json()) as { requests: number; commands: number }
  }
  const budget = createUpstashBudget({ url, token, project: setting.project })
  const calls = 20
  const before = await stats()
  for (let n = 0; n < calls; n++) {
    const request = setting.request(n)
    const decision = await budget.reserve(request)
    if (!decision.granted) throw new Error(`the budget refused: ${decision.code}`)
    await budget.settle(settlementOf(request))
  }
  const after = await stats()
  return {
    requests: (after.requests - before.requests) / calls,
    commands: (after.commands - before.commands) / calls,
  }
}

async function version(redis: RedisStore): Promise<string> {
  return /redis_version:(\S+)/.exec(String(await redis.execute(['INFO', 'server'])))?.[1] ?? 'unknown'
}

function figures(phases: Phase[]): Figures {
  const of = (pick: (phase: Phase) => number) => spread(phases.map(pick))
  return {
    per_second: of((phase) => phase.per_second),
    p50_ms: of((phase) => phase.p50_ms),
    p99_ms: of((phase) => phase.p99_ms),
    cpu_us: of((phase) => phase.cpu_us),
    per_core_second: of((phase) => phase.per_core_second),
  }
}

function print(cases: Case[], memory: Memory): void {
  for (const { name, reserve, settle, requests, commands } of cases) {
    console.log(`\n${name}: ${requests} HTTP requests and ${commands} commands a model call`)
    const row = ({ per_second, p50_ms, p99_ms, cpu_us, per_core_second }: Figures) => ({
      'a second': per_second.median,
      spread: `${per_second.min}-${per_second.max}`,
      'p50 ms': p50_ms.median.toFixed(2),
      'p99 ms': p99_ms.median.toFixed(2),
      "us of Redis's CPU": cpu_us.median.toFixed(0),
      'a second of a full core': per_core_second.median,
    })
    console.table({ reserve: row(reserve), settle: row(settle) })
  }
  console.log('\nBytes in Redis')
  console.table(memory)
}
