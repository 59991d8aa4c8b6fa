import type { Keyspace } from '../keyspace.ts'
import { OK, RedisError } from '../port.ts'
import { type Command, integer, sum, syntaxError } from './command.ts'

const NOT_INTEGER = 'ERR value is not an integer or out of range'

function increment(db: Keyspace, key: string, by: string): number {
  const value = db.getOrMake(key, { type: 'string', text: '0' })
  value.text = sum(value.text, by, NOT_INTEGER)
  return Number(value.text)
}

/** When the key expires by a SET option, in milliseconds since the epoch. */
const EXPIRIES: Record<string, (amount: number, now: number) => number> = {
  ex: (seconds, now) => now + seconds * 1000,
  px: (ms, now) => now + ms,
  exat: (seconds) => seconds * 1000,
  pxat: (ms) => ms,
}

const set: Command = (db, [key = '', text = '', ...options]) => {
  let expireAt: number | undefined
  let keep = false
  let condition: string | undefined
  let gives = false
  for (let i = 0; i < options.length; i++) {
    const name = options[i]?.toLowerCase() ?? ''
    const expiry = EXPIRIES[name]
    if (expiry) {
      const amount = integer(options[++i])
      if (amount <= 0) throw new RedisError(`ERR invalid expire time in 'set' command`)
      expireAt = expiry(amount, db.now())
    } else if (name === 'nx' || name === 'xx') condition = name
    else if (name === 'keepttl') keep = true
    else if (name === 'get') gives = true
    else throw syntaxError()
  }
  const held = gives ? db.get(key, 'string') : db.any(key)
  const before = held?.type === 'string' ? held.text : null
  if ((condition === 'nx' && held) || (condition === 'xx' && !held)) return gives ? before : null
  const kept = keep ? db.expiry(key) : expireAt
  db.set(key, { type: 'string', text })
  if (kept !== undefined) db.expireAt(key, kept)
  return gives ? before : OK
}

export const STRING_COMMANDS: Record<string, Command> = {
  get: (db, [key = '']) => db.get(key, 'string')?.text ?? null,
  mget: (db, keys) =>
    keys.map((key) => {
      const value = db.any(key)
      return value?.type === 'string' ? value.text : null
    }),
  set,
  setex: (db, [key = '', seconds = '', text = '']) => set(db, [key, text, 'ex', seconds]),
  psetex: (db, [key = '', ms = '', text = '']) => set(db, [key, text, 'px', ms]),
  setnx: (db, [key = '', text = '']) => (set(db, [key, text, 'nx']) === null ? 0 : 1),
  incr: (db, [key = '']) => increment(db, key, '1'),
  decr: (db, [key = '']) => increment(db, key, '-1'),
  incrby: (db, [key = '', by = '']) => increment(db, key, by),
  decrby: (db, [key = '', by = '']) => increment(db, key, String(-integer(by))),
}
