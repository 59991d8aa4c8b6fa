import { TwohopError } from '../../shared/errors.ts'
import { MAX_KEPT_CHARS } from '../idempotency/answers.ts'
import type { HostUsage } from '../upstream/port.ts'
import { brokeOff } from './broke-off.ts'
import { timedOut } from './deadline.ts'
import { createEventReader, EVENT_STREAM } from './events.ts'
import type { Held } from './held.ts'
import { type StopHost, stopAndSettle, usageOfCut, usageWithin } from './used.ts'

const encoder = new TextEncoder()

/**
 * Passes the host's server-sent events to the client and counts them. The client pulls, so a slow client slows the host
 * down and nothing piles up here.
 *
 * It settles exactly once: at `[DONE]` by the final count; where a guard or a classifier cuts the answer, by what the host says
 * when it is stopped, which the client is told too; when the client goes, the deadline passes or the stream breaks, by what the
 * host says it produced.
 * @param signal aborts when the client goes away or the deadline passes
 * @throws TwohopError host_failed where the answer has no body
 */
export function meterStream(
  held: Held,
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
  stop: StopHost,
): ReadableStream<Uint8Array> {
  if (!body) throw new TwohopError('host_failed', 'The model answered without a stream.')
  const reader = body.getReader()
  const events = createEventReader(held.work, held.requestId)
  let ended = false
  /** What was passed on. Recording stops just above MAX_KEPT_CHARS, which shows that the stream is too long to keep. */
  let sent = ''
  /** The last of an answer that was cut. */
  let rest: Promise<string> | undefined

  const isCut = () => events.blocked || held.judgedOut === true

  /** Reads until there is something to pass on, or the end. */
  async function read(): Promise<string> {
    for (;;) {
      // This check comes only now: the events before the fault in the same piece have been passed on.
      if (events.broken) throw brokeOff()
      const { done, value } = await reader.read()
      if (done) throw brokeOff()
      const text = events.read(value)
      if (events.done) return text + events.end
      if (text !== '' || isCut()) return text
    }
  }

  function keep(text: string): void {
    if (held.repeatable && sent.length <= MAX_KEPT_CHARS) sent += text
  }
  const answer = () => ({ status: 200, contentType: EVENT_STREAM, body: sent })

  /** Nothing that comes now changes what becomes of the request. An error of the host does not matter any more. */
  function end(): void {
    ended = true
    signal.removeEventListener('abort', onAbort)
  }
  const leave = () => void reader.cancel().catch(() => {})

  /** What the host has said so far that it produced. */
  function seen(): HostUsage | undefined {
    const counts = held.seenByJudge?.() ?? events.seen
    return counts && usageWithin(held, counts, events.timing)
  }

  /** Stops the host. What it computed is charged, whoever still reads, and told as it is charged. */
  async function cut(): Promise<string> {
    const asked = usageOfCut(held, stop, seen())
    leave()
    const used = await asked
    try {
      const text = events.cut(used)
      keep(text)
      held.settle('ok', used, answer())
      return text
    } catch (error) {
      held.settle('failed', used)
      throw error
    }
  }

  /** What comes next, and whether it is the last. */
  async function next(): Promise<{ text: string; last: boolean }> {
    if (rest) return { text: await rest, last: true }
    const text = await read()
    held.first()
    keep(text)
    const last = events.done && !isCut()
    if (ended || !(last || isCut())) return { text, last }
    end()
    if (last) {
      held.settle('ok', usageWithin(held, events.final, events.timing), answer())
      leave()
      return { text, last }
    }
    rest = cut()
    // Whoever reads on is told.
    rest.catch(() => {})
    return text === '' ? next() : { text, last }
  }

  function abandon(outcome: 'cancelled' | 'failed'): void {
    if (ended) return
    end()
    void stopAndSettle(held, outcome, stop, seen())
    leave()
  }
  const onAbort = () => abandon(timedOut(signal.reason) ? 'failed' : 'cancelled')
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { text, last } = await next()
          controller.enqueue(encoder.encode(text))
          if (last) controller.close()
        } catch (error) {
          abandon('failed')
          const shown = timedOut(signal.reason)
            ? new TwohopError('host_timeout', 'The model did not finish in time.', { cause: error })
            : error instanceof TwohopError
              ? error
              : brokeOff(error)
          // If the client has gone, nobody waits for the rest, so there is nothing to log.
          if (!signal.aborted || timedOut(signal.reason)) held.brokeOff(shown)
          controller.enqueue(encoder.encode(events.error(shown)))
          controller.close()
        }
      },
      cancel: () => abandon('cancelled'),
    },
    // Read from the host only what the client asks for.
    { highWaterMark: 0 },
  )
}
