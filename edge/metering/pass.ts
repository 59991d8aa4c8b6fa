import { errorResponse, TwohopError } from '../../shared/errors.ts'
import { brokeOff } from './broke-off.ts'
import { timedOut } from './deadline.ts'
import { event } from './events.ts'
import type { Held } from './held.ts'
import { type AskHost, type StopHost, settleAsked } from './used.ts'

/** A pair of streams: what is written to one comes out of the other. */
export type Pipe = { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> }

/** What passing a stream on takes. */
type Passing = {
  /** A pair that the runtime pipes to by itself. */
  pipe: Pipe
  /** Asks what a stream was that has ended by itself. */
  ask: AskHost
}

/**
 * Passes a stream that the host wrote for the client (`for_client`) on as it is. No event is seen here: in workerd each one
 * that JavaScript sees costs more than the rest of its way. The host is asked afterwards what it was.
 *
 * It settles exactly once, by the host's count, also where the stream broke off, the client went or the deadline passed.
 * Where the host cannot say, all that was reserved is charged.
 * @param signal aborts when the client goes away or the deadline passes
 * @throws TwohopError host_failed where the answer has no body
 */
export function passStream(
  held: Held,
  body: ReadableStream<Uint8Array> | null,
  { pipe: { readable, writable }, ask }: Passing,
  signal: AbortSignal,
  stop: StopHost,
): ReadableStream<Uint8Array> {
  if (!body) throw new TwohopError('host_failed', 'The model answered without a stream.')
  let ended = false

  function settle(outcome: 'ok' | 'cancelled' | 'failed'): void {
    if (ended) return
    ended = true
    // One that goes on is stopped at once; what has ended can wait for others.
    void settleAsked(held, outcome, outcome === 'ok' ? ask : stop)
  }
  // A client that reads no more holds the pipe up, but not the settlement.
  const onAbort = () => settle(timedOut(signal.reason) ? 'failed' : 'cancelled')
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })

  /** Tells the client why its stream ends here. False where nobody reads any more. */
  async function told(error: TwohopError): Promise<boolean> {
    const writer = writable.getWriter()
    try {
      await writer.write(new TextEncoder().encode(event(await errorResponse(error, held.requestId).text())))
      await writer.close()
      return true
    } catch {
      return false
    }
  }

  async function pass(source: ReadableStream<Uint8Array>): Promise<void> {
    try {
      await source.pipeTo(writable, { preventClose: true, preventAbort: true })
    } catch (error) {
      const late = timedOut(signal.reason)
      if (signal.aborted && !late) return
      const shown = late
        ? new TwohopError('host_timeout', 'The model did not finish in time.', { cause: error })
        : brokeOff(error)
      const isTold = await told(shown)
      if (isTold) held.brokeOff(shown)
      return settle(isTold ? 'failed' : 'cancelled')
    }
    settle('ok')
    // All that there was has been read, so it does not matter if the client goes now.
    await writable.close().catch(() => {})
  }

  void pass(body)
  return readable
}
