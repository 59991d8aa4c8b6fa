import { secondOf } from '../../../shared/seconds.ts'
import type { Keyspace } from '../keyspace.ts'
import { OK, RedisError, Status } from '../port.ts'
import { type Command, integer, option, syntaxError } from './command.ts'

/** A Redis glob pattern (`*`, `?`, `[a-z]`, backslash) as a regular expression. */
function glob(pattern: string): RegExp {
  const source = pattern.replace(/\\(.)|\[\^?[^\]]*\]|[\s\S]/g, (part, escaped?: string) => {
    if (escaped !== undefined) return escaped.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
    if (part === '*') return '[\\s\\S]*'
    if (part === '?') return '[\\s\\S]'
    return part.length > 1 ? part : part.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
  })
  return new RegExp(`^${source}$`)
}

function expire(toMs: (amount: number, now: number) => number): Command {
  return (db, [key = '', amount, ...flags]) => {
    const at = toMs(integer(amount), db.now())
    if (!db.any(key)) return 0
    const held = db.expiry(key)
    const current = held ?? Number.POSITIVE_INFINITY
    const flag = flags[0]?.toLowerCase()
    if (flag !== undefined && !['nx', 'xx', 'gt', 'lt'].includes(flag))
      throw new RedisError(`ERR Unsupported option ${flags[0]}`)
    if (flag === 'nx' && held !== undefined) return 0
    if (flag === 'xx' && held === undefined) return 0
    if (flag === 'gt' && at <= current) return 0
    if (flag === 'lt' && at >= current) return 0
    db.expireAt(key, at)
    return 1
  }
}

/** Milliseconds until the key expires; -2 for no key, -1 for a key that never expires. */
function timeToLive(db: Keyspace, key: string): number {
  if (!db.any(key)) return -2
  const expiry = db.expiry(key)
  return expiry === undefined ? -1 : expiry - db.now()
}

export const KEY_COMMANDS: Record<string, Command> = {
  del: (db, keys) => keys.filter((key) => db.any(key) && db.delete(key)).length,
  unlink: (db, keys) => keys.filter((key) => db.any(key) && db.delete(key)).length,
  exists: (db, keys) => keys.filter((key) => db.any(key)).length,
  type: (db, [key = '']) => new Status(db.any(key)?.type ?? 'none'),
  expire: expire((seconds, now) => now + seconds * 1000),
  pexpire: expire((ms, now) => now + ms),
  expireat: expire((seconds) => seconds * 1000),
  pexpireat: expire((ms) => ms),
  persist: (db, [key = '']) => {
    if (!db.any(key) || db.expiry(key) === undefined) return 0
    db.expireAt(key, undefined)
    return 1
  },
  ttl: (db, [key = '']) => {
    const ms = timeToLive(db, key)
    return ms < 0 ? ms : Math.round(ms / 1000)
  },
  pttl: (db, [key = '']) => timeToLive(db, key),
  keys: (db, [pattern = '']) => {
    const named = glob(pattern)
    return db.keys().filter((key) => named.test(key))
  },
  // One page holds everything, so the returned cursor always ends the scan.
  scan: (db, [cursor, ...options]) => {
    integer(cursor)
    const named = glob(option(options, 'match')?.[0] ?? '*')
    const type = option(options, 'type')?.[0]?.toLowerCase()
    const found = db.keys().filter((key) => named.test(key) && (!type || db.any(key)?.type === type))
    return ['0', found]
  },
  dbsize: (db) => db.keys().length,
  flushall: (db) => {
    db.clear()
    return OK
  },
  flushdb: (db) => {
    db.clear()
    return OK
  },
  ping: (_db, [text]) => text ?? new Status('PONG'),
  echo: (_db, [text]) => {
    if (text === undefined) throw syntaxError()
    return text
  },
  time: (db) => {
    const now = db.now()
    return [String(secondOf(now)), String((now % 1000) * 1000)]
  },
}
