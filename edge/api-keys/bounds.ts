const DAY = 86_400_000

/** The longest life of a key, in milliseconds. */
export const MAX_API_KEY_LIFE_MS = 365 * DAY

/** The most working keys that an account may have. */
export const MAX_API_KEYS = 50
