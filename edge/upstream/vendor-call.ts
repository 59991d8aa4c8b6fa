import { TwohopError } from '../../shared/errors.ts'
import { readRefusal } from './bounded.ts'
import { wasNeverSent } from './connect-failure.ts'
import { mayHaveComputed, refusalOf, unreached } from './foreign-refusal.ts'
import { NothingComputed } from './port.ts'

/** A request as a vendor takes it. Without a body it is read. */
export type VendorRequest = { path: string; headers: Record<string, string>; body?: object }

type How = {
  signal: AbortSignal
  /** The names of the fields that an error may name. */
  fields: readonly string[]
  /** Called where it is certain that the vendor has computed nothing. */
  onNothing: () => void
}

/** The longest beginning of an error, in bytes. */
const MAX_ERROR_BYTES = 16 * 1024

/** Sends requests to a vendor's address. */
export function createVendorCall(base: string, fetch: typeof globalThis.fetch) {
  /** @throws TwohopError for everything but an answer of 2xx; the signal's reason */
  return async function send(
    { path, headers, body }: VendorRequest,
    { signal, fields, onNothing }: How,
  ): Promise<Response> {
    let answer: Response
    try {
      answer = await fetch(`${base}${path}`, {
        ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
        headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
        // The key is for this address alone, so it must not follow a redirect.
        redirect: 'manual',
        signal,
      })
    } catch (cause) {
      const Failure = wasNeverSent(cause) ? NothingComputed : TwohopError
      if (Failure === NothingComputed) onNothing()
      else signal.throwIfAborted()
      throw new Failure('host_unavailable', 'The model is not reachable right now; try again shortly.', {
        retryAfterMs: 2000,
        cause,
      })
    }
    if (answer.ok) return answer
    if (!mayHaveComputed(answer.status)) onNothing()
    throw refusalOf(answer, await readRefusal(answer, MAX_ERROR_BYTES), fields)
  }
}

/** What costs nothing and says whether a vendor is there, and takes the key. */
export type Probe = Pick<VendorRequest, 'path' | 'headers'>

/** Milliseconds that a vendor may take to say that it is there. */
const PROBE_TIMEOUT_MS = 5000

/** What asks whether a vendor is there. */
export function createReady(base: string, fetch: typeof globalThis.fetch, { path, headers }: Probe) {
  /** @throws TwohopError where it is not */
  return async function isReady(): Promise<boolean> {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS)
    const answer = await fetch(`${base}${path}`, { headers, redirect: 'manual', signal }).catch(unreachable)
    await answer.body?.cancel()
    // Not all servers have what is asked for; those that have not are there too.
    if (answer.ok || answer.status === 404 || answer.status === 405) return true
    throw refusalOf(answer, '', [])
  }
}

function unreachable(cause: unknown): never {
  throw unreached(cause)
}
