import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import type { Answer } from '../../shared/fetch.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { statedBytes } from '../../shared/read-bounded.ts'
import { readAnswer } from '../upstream/bounded.ts'
import type { HostUsage } from '../upstream/port.ts'
import { timingIn } from '../upstream/timing-in.ts'
import { UsageCounts, usageIn } from '../upstream/usage-in.ts'
import { formed } from '../write/formed.ts'
import { EVENT_STREAM } from './events.ts'
import type { Held } from './held.ts'
import { type Pipe, passStream } from './pass.ts'
import { meterStream } from './stream.ts'
import { type AskHost, type StopHost, usageWithin } from './used.ts'

/** The longest answer of the host, in bytes: 2,048 embeddings of 1,024 floats as base64 are 11 MiB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
/** The longest answer that passes unread: it is settled while its client may still read it. */
const MOST_UNREAD_BYTES = 1024 * 1024
const JSON_TYPE = 'application/json'

/** What passing an answer on unread takes. */
type Passing = {
  /** Makes the pair for a stream that the host wrote for the client; undefined where it did not. */
  createPipe: (() => Pipe) | undefined
  /** Asks what a stream was that has ended by itself. */
  ask: AskHost
}

const Body = z.object({ usage: UsageCounts })

/**
 * Passes the host's answer on to the client and counts it. It settles at the end of a whole answer; a broken one is
 * settled by what was produced.
 * @param stop asks the host to stop and say what it has computed
 * @param passing lets what the host wrote for the client pass on unread
 */
export async function meter(
  held: Held,
  answer: Answer,
  signal: AbortSignal,
  stop: StopHost,
  passing?: Passing,
): Promise<Response> {
  if (held.work.stream) {
    const body = passing?.createPipe
      ? passStream(held, answer.body, { pipe: passing.createPipe(), ask: passing.ask }, signal, stop)
      : meterStream(held, answer.body, signal, stop)
    return new Response(body, { headers: { 'content-type': EVENT_STREAM, 'cache-control': 'no-store' } })
  }
  const unread = passing && passWhole(held, answer)
  if (unread) return unread
  const said = await readAnswer(answer, MAX_ANSWER_BYTES, signal)
  const used = usageOf(held, answer.headers, said)
  const { body, plain } = writtenOrCharged(held, used, () => written(held, answer.headers, said))
  const { contentType = JSON_TYPE } = held.work
  // Whoever asks the same may do so by another API.
  held.settle('ok', used, { status: 200, contentType, body: held.cacheable ? plain : body })
  return new Response(body, { headers: { 'content-type': contentType, 'cache-control': 'no-store' } })
}

/**
 * A whole answer that passes on as it is: its host has counted it before its first byte, and states its length. What breaks
 * off on the last way was computed, and is charged. Undefined for one that has to be read.
 */
function passWhole(held: Held, { headers, body }: Answer): Response | undefined {
  const counts = usageIn(headers)
  if (!counts || !(statedBytes(headers) <= MOST_UNREAD_BYTES)) return undefined
  held.settle('ok', usageWithin(held, counts, timingIn(headers)))
  return new Response(body, { headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' } })
}

/** What `write` gives. An answer that is blocked as a whole was computed, so it is charged. @throws what `write` throws */
function writtenOrCharged(held: Held, used: HostUsage, write: () => Written): Written {
  try {
    return write()
  } catch (error) {
    if (error instanceof TwohopError && error.code === 'content_blocked') held.settle('ok', used)
    throw error
  }
}

/** An answer as the client gets it, and as it was before it was written for the client's API. */
type Written = { body: string; plain: string }

/** @throws TwohopError host_failed where it cannot be written in the client's form */
function written({ work, requestId }: Held, headers: Answer['headers'], text: string): Written {
  const { form, guard, contentType } = work
  if (contentType !== undefined) {
    // Not JSON, so the text is all that there is.
    guard?.whole(text)
    return { body: text, plain: text }
  }
  if (!form && !guard) return { body: text, plain: text }
  const said = parseJson(text)
  if (said === undefined) throw somethingElse()
  const passed = guard ? guard.whole(said) : said
  const plain = guard ? JSON.stringify(passed) : text
  const body = form ? formed(passed, form, { requestId, timing: timingIn(headers) }) : plain
  if (body === undefined) throw somethingElse()
  return { body, plain }
}

const somethingElse = () => new TwohopError('host_failed', 'The model answered with something else.')

/** What an answer used. If the host does not say, or says more than was reserved, the whole reservation is charged. */
export function usageOf(held: Held, headers: Answer['headers'], text: string): HostUsage {
  const counts = usageIn(headers) ?? Body.safeParse(parseJson(text)).data?.usage
  return usageWithin(held, counts, timingIn(headers))
}
