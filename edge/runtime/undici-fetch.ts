import { Agent, type Dispatcher } from 'undici'
import type { Answer, End, Fetch, Sent } from '../../shared/fetch.ts'
import { joinBytes } from '../../shared/join-bytes.ts'

/** Bytes of an answer that may wait for their reader. */
const MOST_WAITING = 64 * 1024

/**
 * The edge's own calls on Node: undici's pooled connections, without what the global `fetch` puts around them, which is
 * most of such a call's time (docs/benchmarks.md). Each call brings its own deadline, so undici has none.
 *
 * What is read too slowly holds the sender back, as with `fetch`.
 */
export function createUndiciFetch(): Fetch {
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  return (url, sent) => {
    const { origin, pathname, search } = new URL(url)
    return send(agent, { ...sent, origin, path: pathname + search })
  }
}

type Options = Sent & { origin: string; path: string }

function send(agent: Agent, { origin, path, method, headers, body, ...end }: Options): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let connection: Dispatcher.DispatchController | undefined
    let incoming: Incoming | undefined
    let givenUp: { why: unknown } | undefined
    const over = atItsEnd(end, (why) => {
      givenUp = { why }
      connection?.abort(asError(why))
      // It may still wait for a connection.
      reject(why)
    })
    if (givenUp) return
    agent.dispatch(
      { origin, path, method, headers, body: body ?? null },
      {
        onRequestStart(controller) {
          connection = controller
          // Before anything is sent of what was given up while it waited for a connection.
          if (givenUp) controller.abort(asError(givenUp.why))
        },
        onResponseStart(controller, status, received) {
          // 1xx is followed by the answer (RFC 9110, section 15.2).
          if (status < 200) return
          incoming = createIncoming(controller)
          resolve(answerOf(status, received, incoming))
        },
        onResponseData(_, piece) {
          incoming?.take(piece)
        },
        onResponseEnd() {
          over()
          incoming?.end()
        },
        onResponseError(_, error) {
          over()
          // As `fetch` has it; whoever looks for the cause finds it in one place (edge/upstream/connect-failure.ts).
          const reason = givenUp ? givenUp.why : new TypeError('fetch failed', { cause: error })
          incoming?.fail(reason)
          reject(reason)
        },
      },
    )
  })
}

/** Calls `giveUp` with the reason when a call's time is over. @returns ends that, when the call has ended by itself */
function atItsEnd(end: End, giveUp: (why: unknown) => void): () => void {
  if ('timeoutMs' in end) {
    const late = () => giveUp(new DOMException('No answer came in time.', 'TimeoutError'))
    const timer = setTimeout(late, end.timeoutMs)
    return () => clearTimeout(timer)
  }
  const { signal } = end
  const onAbort = () => giveUp(signal.reason)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return () => signal.removeEventListener('abort', onAbort)
}

const asError = (why: unknown) => (why instanceof Error ? why : new Error('given up', { cause: why }))

type Received = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

function answerOf(status: number, received: Received, incoming: Incoming): Answer {
  let body: ReadableStream<Uint8Array> | undefined
  const header = (name: string) => received[name.toLowerCase()]
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: {
      get: (name) => header(name)?.toString() ?? null,
      has: (name) => header(name) !== undefined,
    },
    get body() {
      body ??= incoming.stream()
      return body
    },
    arrayBuffer: async () => (await incoming.whole()).buffer,
    text: async () => new TextDecoder().decode(await incoming.whole()),
  }
}

/** The body of an answer as it comes. It is read once, in one of the two ways. */
type Incoming = {
  take(piece: Uint8Array): void
  end(): void
  fail(reason: unknown): void
  whole(): Promise<Uint8Array<ArrayBuffer>>
  stream(): ReadableStream<Uint8Array>
}

type Reader = Pick<Incoming, 'take' | 'end' | 'fail'>

function createIncoming(connection: Dispatcher.DispatchController): Incoming {
  /** What came before anybody read. */
  const waiting: Uint8Array[] = []
  let waitingBytes = 0
  let close: ((reader: Reader) => void) | undefined
  let reader: Reader | undefined

  function read(by: Reader): void {
    if (reader) throw new TypeError('The answer is read already.')
    reader = by
    for (const piece of waiting.splice(0)) by.take(piece)
    close?.(by)
    connection.resume()
  }

  return {
    take(piece) {
      if (reader) return reader.take(piece)
      waiting.push(piece)
      waitingBytes += piece.length
      if (waitingBytes > MOST_WAITING) connection.pause()
    },
    end() {
      close = (by) => by.end()
      if (reader) reader.end()
    },
    fail(reason) {
      close = (by) => by.fail(reason)
      if (reader) reader.fail(reason)
    },
    whole() {
      const pieces: Uint8Array[] = []
      return new Promise((resolve, reject) =>
        read({
          take: (piece) => void pieces.push(piece),
          // In memory of its own: what undici hands over may share a buffer with other answers.
          end: () => resolve(joinBytes(pieces)),
          fail: reject,
        }),
      )
    },
    stream() {
      return new ReadableStream<Uint8Array>(
        {
          start: (to) =>
            read({
              take(piece) {
                to.enqueue(piece)
                if ((to.desiredSize ?? 0) <= 0) connection.pause()
              },
              end: () => to.close(),
              fail: (reason) => to.error(reason),
            }),
          pull: () => connection.resume(),
          cancel: (reason) => connection.abort(asError(reason)),
        },
        new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING }),
      )
    },
  }
}
