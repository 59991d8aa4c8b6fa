/**
 * A Lua script and the SHA-1 of its text, in hex, under which Redis keeps it (EVALSHA). The sum is written down, not
 * computed at start, because a worker may not compute before its first request; a test holds the two together.
 */
export type Script = { name: string; sha: string; lua: string }
