import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reserveCall, settleCall } from '../../edge/budget/commands.ts'
import type { RedisStore } from '../../local/redis/port.ts'
import { findRedisServer, startRealRedis } from '../../local/redis/real.ts'
import { startRestFront } from '../../local/redis/rest.ts'
import { pinToCore, spread } from '../kit.ts'
import type { BudgetBenchOptions } from '../options.ts'
import { type Counted, counted, countedWithoutRedis, type Front } from './counted.ts'
import { load, loadRound, type Phase } from './load.ts'
import { type Memory, measureMemory } from './memory.ts'
import { SETTINGS, type Setting, settlementOf } from './requests.ts'

/** Redis is single-threaded, so one core is all that it uses. The load runs on the other core. */
const REDIS_CORE = 1
const LOAD_CORE = 0

type Spread = ReturnType<typeof spread>
type Figures = Record<keyof Phase, Spread>
type Case = Counted & { name: string; reserve: Figures; settle: Figures }

/**
 * Measures the budget's scripts on a real redis-server on one core: calls a second and their latency, with few limits
 * and with all of them; the HTTP requests and commands of one model call, counted; bytes an account takes. Where there
 * is no redis-server it measures only the counts, and says so.
 * @throws Error where Redis does not start, or `signal` is aborted
 */
export async function budgetBench(options: BudgetBenchOptions): Promise<unknown> {
  const { json, rounds, seconds, progress, signal } = options
  const file = await findRedisServer()
  if (!file) return withoutRedis(options)
  const dir = await mkdtemp(join(tmpdir(), 'twohop-bench-'))
  const redis = await startRealRedis(file, dir)
  try {
    const pinned = (await pinToCore(redis.pid, REDIS_CORE)) && (await pinToCore(process.pid, LOAD_CORE))
    const runs = SETTINGS.map(() => [] as Awaited<ReturnType<typeof loadRound>>[])
    for (let round = 1; round <= rounds; round++)
      for (const [i, setting] of SETTINGS.entries()) {
        progress(`round ${round} of ${rounds}: ${setting.name}`)
        await prepared(redis, setting, async () =>
          runs[i]?.push(await loadRound(redis, setting, seconds, signal)),
        )
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
    const memory = await measureMemory(redis, SETTINGS[0] as Setting, signal)
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

const NO_REDIS =
  'There is no redis-server on the PATH (Debian: redis-server): how fast it is and what it keeps is left out.'

async function withoutRedis({ json, progress }: BudgetBenchOptions): Promise<unknown> {
  const cases = await countedWithoutRedis(progress)
  if (!json) {
    for (const { name, requests, commands } of cases) console.log(titleOf(name, { requests, commands }))
    console.log(`\n${NO_REDIS}`)
  }
  return { left_out: NO_REDIS, cases }
}

/** Runs `act` on a Redis that holds only what the setting needs. */
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

function titleOf(name: string, { requests, commands }: Counted): string {
  return `\n${name}: ${requests} HTTP requests and ${commands} commands a model call`
}

function print(cases: Case[], memory: Memory): void {
  for (const { name, reserve, settle, requests, commands } of cases) {
    console.log(titleOf(name, { requests, commands }))
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
