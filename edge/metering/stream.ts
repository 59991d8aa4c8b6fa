import { errorResponse, TwohopError } from '../../shared/errors.ts'
import { MAX_KEPT_CHARS } from '../idempotency/answers.ts'
import { brokeOff, createEventReader, DONE_EVENT, EVENT_STREAM, event } from './events.ts'
import type { Held } from './hold.ts'
import { type StopHost, stopAndSettle, usageWithin } from './used.ts'

const encoder = new TextEncoder()

/**
 * The host's server-sent events on their way to the client, counted as they pass. Pulled by the client, so a slow
 * one holds the host back and nothing piles up here. Settles exactly once: at `[DONE]` with the final count, on the
 * client's going, the deadline or a broken stream with what the host says it produced.
 * @param signal aborts when the client goes away or the deadline passes
 */
export function meterStream(
  held: Held,
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
  stop: StopHost,
): ReadableStream<Uint8Array> {
  if (!body) throw new TwohopError('host_failed', 'The model answered without a stream.')
  const reader = body.getReader()
  const events = createEventReader(held.work)
  let ended = false
  /** What was passed on, or of a stream that is too long to be kept enough to show that. */
  let sent = ''

  /** Reads until there is something to pass on, or the end. */
  async function read(): Promise<string> {
    for (;;) {
      // Only now: what came before the fault in the same piece has been passed on.
      if (events.broken) throw brokeOff()
      const { done, value } = await reader.read()
      if (done) throw brokeOff()
      const text = events.read(value)
      if (events.done) return text + DONE_EVENT
      if (text !== '') return text
    }
  }

  function abandon(outcome: 'cancelled' | 'failed'): void {
    if (ended) return
    ended = true
    signal.removeEventListener('abort', onAbort)
    void stopAndSettle(held, outcome, stop, events.seen && usageWithin(held, events.seen, events.timing))
    // What is thrown away has nothing to tell: why it is, is told by whoever abandons it.
    void reader.cancel().catch(() => {})
  }
  const onAbort = () => abandon(timedOut(signal) ? 'failed' : 'cancelled')
  signal.addEventListener('abort', onAbort, { once: true })

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const text = await read()
          if (held.repeatable && sent.length <= MAX_KEPT_CHARS) sent += text
          controller.enqueue(encoder.encode(text))
          if (!events.done) return
          if (!ended) {
            ended = true
            signal.removeEventListener('abort', onAbort)
            const answer = { status: 200, contentType: EVENT_STREAM, body: sent }
            held.settle('ok', usageWithin(held, events.final, events.timing), answer)
            // All of it has come.
            void reader.cancel().catch(() => {})
          }
          controller.close()
        } catch (error) {
          abandon('failed')
          const shown = timedOut(signal)
            ? new TwohopError('host_timeout', 'The model did not finish in time.', { cause: error })
            : error instanceof TwohopError
              ? error
              : brokeOff(error)
          // Where the client has gone, nothing broke off that anybody waits for.
          if (!signal.aborted || timedOut(signal)) held.brokeOff(shown)
          controller.enqueue(encoder.encode(event(await errorResponse(shown, held.requestId).text())))
          controller.close()
        }
      },
      cancel: () => abandon('cancelled'),
    },
    // What the client has not read is not asked of the host.
    { highWaterMark: 0 },
  )
}

function timedOut({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}
