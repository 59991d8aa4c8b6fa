/** Milliseconds as whole seconds, rounded down: the unit of times in tokens and OpenAI's API. */
export const secondOf = (ms: number) => Math.floor(ms / 1000)

/** Milliseconds as whole seconds, rounded up: the end of a token that may not end before its time. */
export const secondAfter = (ms: number) => Math.ceil(ms / 1000)

/** A wait of milliseconds in whole seconds, rounded up, so that a client that waits so long never comes too early. */
export const secondsOfWait = (ms: number) => Math.max(0, Math.ceil(ms / 1000))
