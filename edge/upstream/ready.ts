import { baseUrl } from '../../shared/base-url.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { Answer, Fetch } from '../../shared/fetch.ts'

/** Milliseconds that a host may take to say that it is there. */
const TIMEOUT_MS = 2000

/**
 * Asks a host whether it would take a request (`GET /readyz`). A host that is not ready is there all the same, so this resolves
 * with false.
 * @param heard told the answer's headers
 * @throws TwohopError host_unavailable where nobody answers
 */
export function askReady(url: string, fetch: Fetch, heard: (headers: Answer['headers']) => void = () => {}) {
  return async function isReady(): Promise<boolean> {
    try {
      const asked = { method: 'GET', headers: {}, redirect: 'manual', timeoutMs: TIMEOUT_MS } as const
      const answer = await fetch(`${baseUrl(url)}/readyz`, asked)
      await answer.body?.cancel()
      heard(answer.headers)
      return answer.ok
    } catch (cause) {
      throw new TwohopError('host_unavailable', 'The model is not reachable right now.', { cause })
    }
  }
}
