import { baseUrl } from '../../shared/base-url.ts'
import { TwohopError } from '../../shared/errors.ts'

/** Milliseconds that a host may take to say that it is there. */
const TIMEOUT_MS = 2000

/**
 * Asks a host whether it would take a request (`GET /readyz`). A host that is not ready is there all the same, so this resolves
 * with false.
 * @param heard told the answer's headers
 * @throws TwohopError host_unavailable where nobody answers
 */
export function askReady(
  url: string,
  fetch: typeof globalThis.fetch,
  heard: (headers: Headers) => void = () => {},
) {
  return async function isReady(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const answer = await fetch(`${baseUrl(url)}/readyz`, { redirect: 'manual', signal })
      await answer.body?.cancel()
      heard(answer.headers)
      return answer.ok
    } catch (cause) {
      throw new TwohopError('host_unavailable', 'The model is not reachable right now.', { cause })
    }
  }
}
