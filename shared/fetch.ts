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
  method: 'POST' | 'DELETE'
  headers: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer>
  /** Aborts the call, and the answer's body: nothing else ends them. */
  signal: AbortSignal
  /** These answers are of known places: what leads elsewhere is an answer like any other. */
  redirect: 'manual'
}

/** The part of `fetch` by which the edge calls the store and the host. */
export type Fetch = (url: string, sent: Sent) => Promise<Answer>
