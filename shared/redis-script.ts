/**
 * A Lua script and the SHA-1 of its text, in hex, under which Redis keeps it (EVALSHA). The SHA-1 is written down,
 * because a worker may not compute before its first request; a test compares it with the text.
 */
export type Script = { name: string; sha: string; lua: string }

/** A call of a script: its keys and arguments, in the order that its head lists. */
export type ScriptCall = { script: Script; keys: string[]; args: string[] }

/** Runs a script and resolves with Redis's reply as it is. */
export type RunScript = (call: ScriptCall) => Promise<unknown>

/** A call of `script`; numbers become text. */
export function scriptCall(script: Script, keys: string[], args: (string | number)[]): ScriptCall {
  return { script, keys, args: args.map(String) }
}
