import { Redis } from '@upstash/redis/cloudflare'
import { baseUrl } from './base-url.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import { TwohopError } from './errors.ts'
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
  /** Asks also while the store is known to be away: what is lost if it is not said. */
  insists?: boolean
}

/** When to try again while the store does not answer, in milliseconds. */
const STORE_RETRY_MS = 2000

/**
 * A client of Redis over HTTP. It tries each command once, within `timeoutMs`, and returns replies undecoded. It uses
 * the global `fetch`.
 */
export function upstashClient({ url, token, timeoutMs, breaker, insists = false }: UpstashOptions): Redis {
  const redis = new Redis({
    url: baseUrl(url),
    token,
    // This is a function because with a plain signal the client turns an abort into a successful answer (1.39).
    signal: () => AbortSignal.timeout(timeoutMs),
    // `false` would still try twice (1.39). A hold must not be asked for again while its answer is unknown.
    retry: { retries: 0, backoff: () => 0 },
    enableAutoPipelining: true,
    // Replies are whole numbers and plain words: nothing to decode, nothing to guess.
    automaticDeserialization: false,
    responseEncoding: false,
    readYourWrites: false,
    enableTelemetry: false,
  })
  if (breaker) redis.use((request, next) => breaker[insists ? 'watch' : 'run'](() => next(request)))
  return redis
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
  redis: Pick<Redis, 'eval' | 'evalsha'>,
  { script, keys, args }: ScriptCall,
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, keys, args)
  } catch (error) {
    if (!String(error).includes('NOSCRIPT')) throw error
    return await redis.eval(script.lua, keys, args)
  }
}

/**
 * The fields of a hash or a stream entry. The reply is Redis's list of names and values in turn, or the object that the
 * client may make of it. Empty where there is none.
 * @throws TypeError where the reply is neither
 */
export function fieldsOf(reply: unknown): Record<string, string> {
  if (reply === null) return {}
  if (typeof reply !== 'object') throw new TypeError('the store gave no fields')
  const pairs = Array.isArray(reply)
    ? reply.flatMap((name, i) => (i % 2 === 0 ? [[String(name), String(reply[i + 1])] as const] : []))
    : Object.entries(reply).map(([name, text]) => [name, String(text)] as const)
  return Object.fromEntries(pairs)
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
    // The client's message repeats the whole command and the URL may hold a name; neither helps a caller.
    throw new TwohopError('store_unavailable', message, {
      retryAfterMs: STORE_RETRY_MS,
      cause,
    })
  }
}
