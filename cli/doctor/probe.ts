import * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'
import { readBounded } from '../../shared/read-bounded.ts'

/** Milliseconds that one look may take. */
const TIMEOUT_MS = 10_000
/** The most of an answer that is read. */
const MOST_BYTES = 256 * 1024

/** What came back. */
export type Answer = {
  status: number
  headers: Headers
  json: unknown
  /** The code of an error in Twohop's own form. */
  code: string | undefined
  message: string
  /** By how many milliseconds the other's clock is ahead, to the second; undefined where it names no time. */
  aheadMs: number | undefined
}

const Envelope = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/** Sends one request, and follows nothing. Undefined where nobody answers. */
export async function probe(url: string, init: RequestInit = {}): Promise<Answer | undefined> {
  const sentAt = Date.now()
  try {
    const answer = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    const middle = (sentAt + Date.now()) / 2
    const bytes = await readBounded(answer, { most: MOST_BYTES, tooLong: () => new RangeError('too long') })
    const json = parseJson(new TextDecoder().decode(bytes))
    const { data } = Envelope.safeParse(json)
    const date = Date.parse(answer.headers.get('date') ?? '')
    return {
      status: answer.status,
      headers: answer.headers,
      json,
      code: data?.error.code,
      message: data?.error.message ?? '',
      // The header has whole seconds, rounded down (RFC 9110, section 5.6.7).
      aheadMs: Number.isNaN(date) ? undefined : date + 500 - middle,
    }
  } catch {
    return undefined
  }
}
