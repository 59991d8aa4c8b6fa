import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { retryAfterSeconds } from '../../shared/retry-after.ts'
import { wasUnreached } from './connect-failure.ts'
import { HostRefusal, NothingComputed } from './port.ts'

/** A failure of a foreign upstream, of which the log says the status alone. */
class ForeignRefused extends Error {
  override readonly name = 'ForeignRefused'
  readonly code: string

  constructor(status: number) {
    super(`The upstream answered ${status}`)
    this.code = `http_${status}`
  }
}

/** What is read of an error's body, as OpenAI, Anthropic and others write it. None of its words go on. */
const text = z.string().catch('')
const NOTHING = { code: '', type: '', message: '', param: '' }
const Body = z.object({
  error: z.object({ code: text, type: text, message: text, param: text }).catch(NOTHING),
  // Replicate's (RFC 9457).
  detail: text,
})

const NOTHING_SAID = { error: NOTHING, detail: '' }

/** How they say that a prompt is too long. */
const TOO_LONG =
  /context[ _-]?(?:length|window)|maximum context|(?:prompt|input) is too long|too many (?:input )?tokens/i
/** Whether an error's words say that a prompt is too long. */
export const isTooLong = (words: string): boolean => TOO_LONG.test(words)
/** An account of the operator's that has no more money there. */
const NO_MONEY = /insufficient_quota|billing|credit balance/i
/** Statuses after which the work may have been done all the same: somebody on the way gave up waiting. */
const LATE: ReadonlySet<number> = new Set([408, 504, 522, 524])
/** Statuses that say that the edge's own key, address or name of a model is wrong. */
const OURS: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 407, 410])

/** Whether an upstream that answered so may have computed. Other failures are no answers, and nobody bills them. */
export const mayHaveComputed = (status: number): boolean => LATE.has(status)

/**
 * The error that a foreign upstream's refusal becomes. A client learns what concerns it, in our words.
 * @param said the beginning of its body
 * @param fields the names that the request's fields have
 */
export function refusalOf(
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  said: string,
  fields: readonly string[],
): TwohopError {
  if (wasUnreached(status)) return unreached(new ForeignRefused(status))
  const body = Body.safeParse(parseJson(said)).data ?? NOTHING_SAID
  const { code, type, message, param } = body.error
  const cause = new ForeignRefused(status)
  const about = `${code} ${type} ${message} ${body.detail}`
  if (status === 413 || ((status === 400 || status === 422) && isTooLong(about)))
    return new HostRefusal(
      'context_length_exceeded',
      'The prompt is longer than the model takes.',
      { param: 'messages', cause },
      0,
    )
  if (OURS.has(status) || (status >= 300 && status < 400) || NO_MONEY.test(about))
    return failedElsewhere(cause)
  if (status === 429 || status === 503 || status === 529) return busy(headers, cause)
  if (LATE.has(status)) return new TwohopError('host_timeout', 'The model did not answer in time.', { cause })
  if (status >= 400 && status < 500) {
    const field = fields.find((name) => name === /^\w+/.exec(param)?.[0])
    const evidence = { ...(field !== undefined && { param: field }), cause }
    return new HostRefusal('invalid_request', 'The model does not take a request like this.', evidence, 0)
  }
  return new TwohopError('host_failed', 'The model could not answer this request.', { cause })
}

/** The error for an upstream that nobody reached: another may be asked. */
export function unreached(cause: unknown): NothingComputed {
  return new NothingComputed('host_unavailable', 'The model is not reachable right now; try again shortly.', {
    retryAfterMs: 2000,
    cause,
  })
}

/** The error for an upstream that refuses what is ours: another may be asked. */
export function failedElsewhere(cause: unknown): NothingComputed {
  return new NothingComputed('host_failed', 'The model could not answer this request.', { cause })
}

/** The error for an upstream that is busy, with the time that it asks for. */
export function busy(headers: Headers, cause?: unknown): HostRefusal {
  const retryAfterMs = retryAfterOf(headers)
  const evidence = { ...(retryAfterMs !== undefined && { retryAfterMs }), cause }
  return new HostRefusal('host_busy', 'The model is busy right now; try again shortly.', evidence, 0)
}

/** The longest wait that is passed on, in milliseconds. */
const LONGEST_MS = 3_600_000

/** `retry-after-ms` (OpenAI's), or `Retry-After` in seconds or as a date. */
function retryAfterOf(headers: Headers): number | undefined {
  const ms = Number(headers.get('retry-after-ms') ?? Number.NaN)
  const seconds = retryAfterSeconds(headers.get('retry-after')) ?? Number.NaN
  const asked = ms > 0 ? ms : seconds * 1000
  return asked > 0 && asked <= LONGEST_MS ? Math.ceil(asked) : undefined
}

/** The error for a request that an upstream cannot do, although another might. @param field the name it has in a chat */
export function unsupported(field: string): NothingComputed {
  return new NothingComputed('invalid_request', `This model does not support ${field}.`, { param: field })
}
