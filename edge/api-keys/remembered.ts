import type { PresentedApiKey } from '../identity/principal.ts'

/**
 * How long an isolate repeats, in milliseconds, what the store said of an API key that it refuses. A key that was revoked or
 * has expired stays so.
 */
export const ENDED_REMEMBERED_MS = 10 * 60_000
/** The same of a key that is not there. It may be: a replica of the store may lag behind, or the store was just restored. */
export const NONE_REMEMBERED_MS = 5000

/** By which it is remembered. A key with another secret has a name of its own, so that nobody can have one refused by its id. */
export const rememberedName = ({ id, secretHash }: PresentedApiKey) => `${id} ${secretHash}`
