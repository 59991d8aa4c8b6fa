import { createHash } from 'node:crypto'
import type { RedisStore } from './port.ts'

/** Upstash's own flag, at the head of @upstash/ratelimit's scripts. Redis 7 refuses a script with it. */
const KEY_LOCKING = /^#!lua flags=allow-key-locking(?=\r?\n)/

/** The most scripts whose SHA-1 differs from Redis's. A program has a few, so a full memory means misuse. */
const MAX_SCRIPTS = 1000

/**
 * Translates commands so that scripts for Upstash run on a plain Redis. Their flag becomes a comment. Clients call a
 * script by the SHA-1 of its original text, which is mapped to the text without the flag.
 */
function upstashDialect(): (command: string[]) => string[] {
  const plainSums = new Map<string, string>()

  function withoutFlag(lua: string): string {
    if (!KEY_LOCKING.test(lua)) return lua
    const plain = lua.replace(KEY_LOCKING, '--')
    if (plainSums.size >= MAX_SCRIPTS) plainSums.clear()
    plainSums.set(sha1(lua), sha1(plain))
    return plain
  }

  return (command) => {
    const [name = '', first = '', ...rest] = command
    switch (name.toLowerCase()) {
      case 'eval':
        return [name, withoutFlag(first), ...rest]
      case 'evalsha':
        return [name, plainSums.get(first.toLowerCase()) ?? first, ...rest]
      case 'script':
        return first.toLowerCase() === 'load' ? [name, first, ...rest.map(withoutFlag)] : command
      default:
        return command
    }
  }
}

/** A store that answers as Upstash would: scripts in Upstash's dialect run too. */
export function asUpstash(store: RedisStore): RedisStore {
  const translate = upstashDialect()
  return {
    ...store,
    execute: (command) => store.execute(translate(command)),
    transaction: (commands) => store.transaction(commands.map(translate)),
  }
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
