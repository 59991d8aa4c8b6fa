import { baseUrl } from './base-url.ts'
import { parseJson } from './parse-json.ts'
import type { ScriptCall } from './redis-script.ts'
import type { UpstashOptions } from './upstash-client.ts'

/** Runs a script by its SHA-1, and again with its text where Redis does not hold it. Resolves with Redis's reply as it is. */
export type RunScript = (call: ScriptCall) => Promise<unknown>

/** The store answered, but with an error. Named as the package's, so that a breaker tells it from silence. */
class UpstashError extends Error {
  override readonly name = 'UpstashError'
}

type Waiting = {
  command: readonly string[]
  resolve: (reply: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Scripts over Upstash's REST API (upstash.com/docs/redis/features/restapi), for what each request does. The package would
 * do, but it makes a pipeline of 200 functions for each call, which costs more than the call (docs/benchmarks.md).
 *
 * Scripts that are run in one tick share one HTTP request, which is sent before the tick ends. It is tried once, within
 * `timeoutMs`, by the global `fetch`.
 * @throws (from what it returns) Error where the store is silent, or answers with an error or nothing that can be read
 */
export function upstashScripts({
  url,
  token,
  timeoutMs,
  breaker,
  insists = false,
}: UpstashOptions): RunScript {
  const pipeline = `${baseUrl(url)}/pipeline`
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const guarded = breaker?.[insists ? 'watch' : 'run'] ?? ((call) => call())
  let gathering: Waiting[] | undefined

  async function send(commands: readonly (readonly string[])[]): Promise<Reply[]> {
    const answer = await fetch(pipeline, {
      method: 'POST',
      headers,
      body: JSON.stringify(commands),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const replies = parseJson(await answer.text())
    if (answer.ok && Array.isArray(replies) && replies.length === commands.length) return replies
    throw new UpstashError(`the store answered with ${answer.status}, and no list of replies`)
  }

  async function flush(batch: readonly Waiting[]): Promise<void> {
    try {
      const replies = await guarded(() => send(batch.map(({ command }) => command)))
      for (const [i, { resolve, reject }] of batch.entries()) {
        const { result, error } = replies[i] ?? {}
        if (error === undefined) resolve(result)
        else reject(new UpstashError(String(error)))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  function run(command: readonly string[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiting = { command, resolve, reject }
      if (gathering) return void gathering.push(waiting)
      const batch = [waiting]
      gathering = batch
      queueMicrotask(() => {
        gathering = undefined
        void flush(batch)
      })
    })
  }

  return async function runScript({ script, keys, args }) {
    const words = [String(keys.length), ...keys, ...args]
    try {
      return await run(['EVALSHA', script.sha, ...words])
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error
      return run(['EVAL', script.lua, ...words])
    }
  }
}

/** One command's reply, as the REST API has it. */
type Reply = { result?: unknown; error?: unknown } | undefined
