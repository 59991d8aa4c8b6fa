/** Resolves after `ms` milliseconds. */
export type Wait = (ms: number) => Promise<void>

/** Waits by the runtime's own timer. */
export const wait: Wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
