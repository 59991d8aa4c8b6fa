/**
 * How long a connection waits for another request, in milliseconds. Load balancers keep theirs for 60 s or a bit more; where
 * the server is the first to close, a request that is on its way fails.
 */
export const KEEP_ALIVE_MS = 75_000
