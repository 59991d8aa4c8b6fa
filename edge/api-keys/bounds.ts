const DAY = 86_400_000

/** The longest life of a key, in milliseconds. */
export const MAX_API_KEY_LIFE_MS = 365 * DAY

/** The most working keys that an account may have. */
export const MAX_API_KEYS = 50

/**
 * The most keys that an account may make in 24 hours. Each makes two rows of the audit log at most, one when it is made and
 * one when it ends, and ending a key is never refused. So no account can push the acts of others out of the log.
 */
export const MAX_NEW_API_KEYS = 100
export const NEW_API_KEYS_MS = DAY

/**
 * The most revoked keys of an account whose records are kept, the newest ones: keys can be made and revoked all day. One
 * that was revoked before them is refused all the same, as a key that never was.
 */
export const MAX_REVOKED_API_KEYS = 200
