import type { Keyspace } from '../keyspace.ts'
import { RedisError, type RedisReply } from '../port.ts'

/** Runs one command with the words after its name. @throws RedisError with Redis's own text */
export type Command = (db: Keyspace, words: string[]) => RedisReply

export const syntaxError = () => new RedisError('ERR syntax error')

/** The word as a number. @throws RedisError when it is no integer of up to 19 digits */
export function integer(word: string | undefined): number {
  if (word === undefined || !/^-?\d{1,19}$/.test(word) || word === '-0') throw notInteger()
  return Number(word)
}

const notInteger = () => new RedisError('ERR value is not an integer or out of range')

/**
 * `text` plus `increment`, exact in 64 bits.
 * @throws RedisError when either is no integer (`complaint` is the message for `text`) or the sum leaves 64 bits
 */
export function sum(text: string, increment: string | undefined, complaint: string): string {
  integer(increment)
  if (!/^-?\d{1,19}$/.test(text)) throw new RedisError(complaint)
  const total = BigInt(text) + BigInt(increment ?? 0)
  if (BigInt.asIntN(64, total) !== total) throw new RedisError('ERR increment or decrement would overflow')
  return String(total)
}

/** The words after `name`, in any letter case; undefined where the list does not hold it. */
export function option(words: string[], name: string): string[] | undefined {
  const at = words.findIndex((word) => word.toLowerCase() === name)
  return at < 0 ? undefined : words.slice(at + 1)
}
