import { baseUrl } from './base-url.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import { TwohopError } from './errors.ts'
import { type Fetch, overWeb } from './fetch.ts'
import { parseJson } from './parse-json.ts'
import { readBoundedText } from './read-bounded.ts'
import type { ScriptCall } from './redis-script.ts'

export type UpstashOptions = {
  /** Base URL of the Redis REST API. */
  url: string
  /** Bearer token of the Redis REST API. */
  token: string
  /** Milliseconds that one round trip may take. */
  timeoutMs: number
  /** Shared by all clients of one store; without one, each call waits for the store. */
  breaker?: Breaker | undefined
  /** Sends a request; default: the global `fetch`. */
  fetch?: Fetch | undefined
  /** Asks also while the store is known to be away: what is lost if it is not said. */
  insists?: boolean
}

/** Looked up at each call. */
const globalFetch = overWeb((address, init) => fetch(address, init))

/** When to try again while the store does not answer, in milliseconds. */
const STORE_RETRY_MS = 2000

/** A command of Redis's: its name, then its words. */
export type Command = readonly (string | number)[]

export type Redis = {
  /** Runs one command and resolves with Redis's reply as it is. */
  command(...words: Command): Promise<unknown>
  /** Runs the commands as one (MULTI, EXEC): all of them, with nothing of others in between. */
  transaction(commands: readonly Command[]): Promise<void>
}

/** The store answered, but with an error. */
class UpstashError extends Error {
  override readonly name = 'UpstashError'

  constructor(message: string) {
    // Upstash repeats the whole command after what is wrong with it.
    super(message.slice(0, MOST_CHARS))
  }
}
const MOST_CHARS = 200
/** The longest answer that is read: several of the largest jobs in one. Upstash itself sends much less. */
const MOST_BYTES = 64 * 1024 * 1024

type Waiting = {
  command: Command
  resolve: (reply: unknown) => void
  reject: (error: unknown) => void
}

/**
 * A client of Redis over Upstash's REST API (upstash.com/docs/redis/features/restapi). The package `@upstash/redis` would do
 * the same, but it makes a pipeline of 200 functions for each call, which costs more than the call, and all its commands
 * would be in the worker (docs/benchmarks.md).
 *
 * Commands of one tick share an HTTP request, which is sent before the tick ends: on Workers it never holds commands that two
 * requests have sent, whose I/O must not mix. It is tried once, within `timeoutMs`: a hold must not be asked for again
 * while its answer is unknown.
 * @throws (from what it returns) Error where the store is silent, or answers with an error or nothing that can be read
 */
export function upstashClient({
  url,
  token,
  timeoutMs,
  breaker,
  insists = false,
  fetch: ask = globalFetch,
}: UpstashOptions): Redis {
  const base = baseUrl(url)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const guarded = breaker?.[insists ? 'watch' : 'run'] ?? ((call) => call())
  let gathering: Waiting[] | undefined

  async function send(path: string, commands: readonly Command[]): Promise<Reply[]> {
    const answer = await ask(`${base}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(commands),
      timeoutMs,
      redirect: 'manual',
    })
    const text = await readBoundedText(answer, {
      most: MOST_BYTES,
      tooLong: () => new UpstashError(`the store's answer has more than ${MOST_BYTES} bytes`),
    })
    const replies = parseJson(text)
    if (answer.ok && Array.isArray(replies) && replies.length === commands.length) return replies
    throw new UpstashError(
      saidOf(replies) ?? `the store answered with ${answer.status}, and no list of replies`,
    )
  }

  async function flush(batch: readonly Waiting[]): Promise<void> {
    try {
      const replies = await guarded(() =>
        send(
          '/pipeline',
          batch.map(({ command }) => command),
        ),
      )
      for (const [i, { resolve, reject }] of batch.entries()) {
        const { result, error } = replies[i] ?? {}
        if (error === undefined) resolve(result)
        else reject(new UpstashError(String(error)))
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    command(...words) {
      return new Promise((resolve, reject) => {
        const waiting = { command: words.map(String), resolve, reject }
        if (gathering) return void gathering.push(waiting)
        const batch = [waiting]
        gathering = batch
        queueMicrotask(() => {
          gathering = undefined
          void flush(batch)
        })
      })
    },
    async transaction(commands) {
      const words = commands.map((command) => command.map(String))
      const replies = await guarded(() => send('/multi-exec', words))
      for (const reply of replies) if (reply?.error !== undefined) throw new UpstashError(String(reply.error))
    },
  }
}

/** One command's reply, as the REST API has it. */
type Reply = { result?: unknown; error?: unknown } | undefined

/** What the store says of a request that it refuses as a whole, such as that it is too large. */
function saidOf(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined
  return String(answer.error)
}

/**
 * A breaker for all clients of one store. Only silence counts: no connection, or no answer in time. An error that the
 * store answers is the caller's own, so no caller can shut out others.
 */
export function storeBreaker(options: Omit<Parameters<typeof createBreaker>[0], 'isSilence'>): Breaker {
  return createBreaker({
    ...options,
    isSilence: (error) => !(error instanceof Error && /^Upstash/.test(error.name)),
  })
}

/**
 * Runs a script by its SHA-1, and again with its text where Redis does not hold it.
 * @returns Redis's reply as it is
 * @throws what the client throws
 */
export async function runScript(
  { command }: Pick<Redis, 'command'>,
  { script, keys, args }: ScriptCall,
): Promise<unknown> {
  const words = [keys.length, ...keys, ...args]
  try {
    return await command('EVALSHA', script.sha, ...words)
  } catch (error) {
    if (!String(error).includes('NOSCRIPT')) throw error
    return command('EVAL', script.lua, ...words)
  }
}

/** A reply that must be a list. @throws TypeError for any other */
export function listOf(reply: unknown): unknown[] {
  if (!Array.isArray(reply)) throw new TypeError('the store gave no list')
  return reply
}

/**
 * The fields of a hash or a stream entry. The reply is Redis's list of names and values in turn. Empty where there is none.
 * @throws TypeError where the reply is no list
 */
export function fieldsOf(reply: unknown): Record<string, string> {
  if (reply === null) return {}
  const words = listOf(reply).map(String)
  return Object.fromEntries(words.flatMap((name, i) => (i % 2 === 0 ? [[name, words[i + 1] ?? '']] : [])))
}

/**
 * Members of a sorted set with their scores, as `WITHSCORES` gives them: each before its score, the lowest first.
 * @throws TypeError where the reply is no list
 */
export function scoredOf(reply: unknown): { member: string; score: number }[] {
  const words = listOf(reply).map(String)
  return words.flatMap((member, i) => (i % 2 === 0 ? [{ member, score: Number(words[i + 1]) }] : []))
}

/**
 * Runs `ask`.
 * @throws the TwohopError that the store's answer became; store_unavailable, with `message`, for whatever else it throws
 */
export async function orUnavailable<T>(
  ask: () => Promise<T>,
  message = 'The budget cannot be checked right now.',
): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (cause instanceof TwohopError) throw cause
    // The store's message may repeat the command, and the URL may hold a name; neither helps a caller.
    throw new TwohopError('store_unavailable', message, {
      retryAfterMs: STORE_RETRY_MS,
      cause,
    })
  }
}
