/** `fetch` for a package that sets no limits itself: each call within `timeoutMs`, and a redirect is not followed. */
export function createTimedFetch(fetch: typeof globalThis.fetch, timeoutMs: number): typeof globalThis.fetch {
  return (input, init) =>
    fetch(input, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.any([...(init?.signal ? [init.signal] : []), AbortSignal.timeout(timeoutMs)]),
    })
}
