import { reserveCall, settleCall } from '../../edge/budget/commands.ts'
import type { ReserveRequest } from '../../edge/budget/port.ts'
import { RedisError, type RedisStore } from '../../local/redis/port.ts'
import type { ScriptCall } from '../../shared/redis-script.ts'
import { percentile } from '../kit.ts'
import { type Setting, settlementOf } from './requests.ts'

/** One kind of call under load: what its caller sees, and what it costs Redis. */
export type Phase = {
  per_second: number
  p50_ms: number
  p99_ms: number
  /** Redis's CPU time a call, in microseconds. Unlike the caller's times, it does not depend on other programs. */
  cpu_us: number
  /** Calls a second that would fill one core. */
  per_core_second: number
}

const AT_ONCE = 32

/** CPU time that Redis's main thread has used, in microseconds. */
async function cpuTime(redis: RedisStore): Promise<number> {
  const info = String(await redis.execute(['INFO', 'cpu']))
  const seconds = [...info.matchAll(/used_cpu_(?:user|sys)_main_thread:([\d.]+)/g)].map(([, text]) =>
    Number(text),
  )
  return seconds.reduce((sum, one) => sum + one, 0) * 1e6
}

/** Loads a script into Redis, so that calls by its SHA-1 find it. */
export async function load(redis: RedisStore, { script }: ScriptCall): Promise<void> {
  await redis.execute(['SCRIPT', 'LOAD', script.lua])
}

/** Runs calls, 32 at a time, until `next` returns none. */
async function phase(
  redis: RedisStore,
  signal: AbortSignal,
  next: () => ScriptCall | undefined,
): Promise<Phase> {
  const cpu = await cpuTime(redis)
  const times: number[] = []
  const started = performance.now()
  async function caller(): Promise<void> {
    for (let call = next(); call; call = next()) {
      signal.throwIfAborted()
      const { script, keys, args } = call
      const at = performance.now()
      const reply = await redis.execute(['EVALSHA', script.sha, String(keys.length), ...keys, ...args])
      times.push(performance.now() - at)
      const [code] = Array.isArray(reply) ? reply : [reply]
      if (reply instanceof RedisError || (code !== 'granted' && code !== 1))
        throw new Error(`Redis said ${code}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, caller))
  const seconds = (performance.now() - started) / 1000
  const cpu_us = ((await cpuTime(redis)) - cpu) / times.length
  return {
    per_second: Math.round(times.length / seconds),
    p50_ms: percentile(times, 0.5),
    p99_ms: percentile(times, 0.99),
    cpu_us,
    per_core_second: Math.round(1e6 / cpu_us),
  }
}

/** Makes reservations for `seconds`, then settles each, directly at Redis without HTTP. */
export async function loadRound(
  redis: RedisStore,
  setting: Setting,
  seconds: number,
  signal: AbortSignal,
): Promise<{ reserve: Phase; settle: Phase }> {
  const requests: ReserveRequest[] = []
  const until = performance.now() + seconds * 1000
  const reserve = await phase(redis, signal, () => {
    if (performance.now() > until) return undefined
    const request = setting.request(requests.length)
    requests.push(request)
    return reserveCall(request, setting.project, 0)
  })
  const settle = await phase(redis, signal, () => {
    const request = requests.pop()
    return request && settleCall(settlementOf(request), 0)
  })
  return { reserve, settle }
}
