/** The second in which an instant lies: whole seconds since the epoch, as tokens and OpenAI's API have times. */
export const secondOf = (ms: number) => Math.floor(ms / 1000)

/** A wait in whole seconds, rounded up: who waits so long never comes too early. */
export const secondsOfWait = (ms: number) => Math.max(0, Math.ceil(ms / 1000))
