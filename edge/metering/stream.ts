import { TwohopError } from '../../shared/errors.ts'
import { MAX_KEPT_CHARS } from '../idempotency/answers.ts'
import { timedOut } from './deadline.ts'
import { brokeOff, createEventReader, EVENT_STREAM } from './events.ts'
import type { Held } from './hold.ts'
import { type StopHost, stopAndSettle, usageWithin } from './used.ts'

const encoder = new TextEncoder()

/**
 * Passes the host's server-sent events to the client and counts them. The client pulls, so a slow client slows the host
 * down and nothing piles up here.
 *
 * It settles exactly once: at `[DONE]` by the final count; when the client goes, the deadline passes or the stream
 * breaks, by what the host says it produced.
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

  /** Reads until there is something to pass on, or the end. */
  async function read(): Promise<string> {
    for (;;) {
      // This check comes only now: the events before the fault in the same piece have been passed on.
      if (events.broken) throw brokeOff()
      const { done, value } = await reader.read()
      if (done) throw brokeOff()
      const text = events.read(value)
      if (events.done) return text + events.end
      if (text !== '') return text
    }
  }

  function abandon(outcome: 'cancelled' | 'failed'): void {
    if (ended) return
    ended = true
    signal.removeEventListener('abort', onAbort)
    void stopAndSettle(held, outcome, stop, events.seen && usageWithin(held, events.seen, events.timing))
    // An error here does not matter: the caller reports why the stream is abandoned.
    void reader.cancel().catch(() => {})
  }
  const onAbort = () => abandon(timedOut(signal.reason) ? 'failed' : 'cancelled')
  signal.addEventListener('abort', onAbort, { once: true })

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const text = await read()
          held.first()
          if (held.repeatable && sent.length <= MAX_KEPT_CHARS) sent += text
          controller.enqueue(encoder.encode(text))
          if (!events.done) return
          if (!ended) {
            ended = true
            signal.removeEventListener('abort', onAbort)
            const answer = { status: 200, contentType: EVENT_STREAM, body: sent }
            if (events.blocked || held.judgedOut) {
              const seen = events.seen && usageWithin(held, events.seen, events.timing)
              void stopAndSettle(held, 'ok', stop, seen, answer)
            } else held.settle('ok', usageWithin(held, events.final, events.timing), answer)
            // The whole answer has come, so an error here does not matter.
            void reader.cancel().catch(() => {})
          }
          controller.close()
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
