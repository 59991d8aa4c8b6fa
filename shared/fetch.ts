/**
 * What is read of an answer to a call of the edge's own. A whole `Response` has it; on Node making one costs more than the
 * call (edge/runtime/undici-fetch.ts).
 */
export type Answer = Pick<Response, 'ok' | 'status' | 'text' | 'arrayBuffer'> & {
  body: ReadableStream<Uint8Array> | null
  headers: Pick<Headers, 'get' | 'has'>
}

/** What is said in such a call. */
export type Sent = {
  method: 'GET' | 'POST' | 'DELETE'
  headers: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer>
  /** What leads elsewhere is an answer like any other: the header's token is for this place alone. */
  redirect: 'manual'
} & End

/** What ends a call, and the answer's body with it: a signal, or so many milliseconds. */
export type End = { signal: AbortSignal } | { timeoutMs: number }

/** The part of `fetch` by which the edge calls the store and the host. */
export type Fetch = (url: string, sent: Sent) => Promise<Answer>

/** A Fetch by one of the web's. */
export const overWeb =
  (fetch: (url: string, init: RequestInit) => Promise<Response>): Fetch =>
  (url, sent) =>
    fetch(url, 'timeoutMs' in sent ? timed(sent) : sent)

function timed({ timeoutMs, ...init }: Sent & { timeoutMs: number }): RequestInit {
  return { ...init, signal: AbortSignal.timeout(timeoutMs) }
}
