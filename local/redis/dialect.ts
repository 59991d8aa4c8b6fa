import { createHash } from 'node:crypto'
import type { RedisStore } from './port.ts'

/** Upstash's own flag, with which @upstash/ratelimit heads its scripts; Redis 7 refuses a script that has it. */
const KEY_LOCKING = /^#!lua flags=allow-key-locking(?=\r?\n)/

/** Scripts known by another sum than Redis knows them by; a program has a few, so a full memory means misuse. */
const MAX_SCRIPTS = 1000

/**
 * Lets scripts written for Upstash run on a plain Redis: their flag becomes a comment, and the SHA-1 of the original
 * text, which clients call them by, is answered by the text without it.
 */
export function upstashDialect(): (command: string[]) => string[] {
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

/** The store as Upstash would answer: scripts in Upstash's dialect run too. */
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
