import type { Keyspace } from '../keyspace.ts'
import { OK, RedisError } from '../port.ts'
import { type Command, sum } from './command.ts'

function setFields(db: Keyspace, name: string, key: string, words: string[]): number {
  if (words.length === 0 || words.length % 2 === 1)
    throw new RedisError(`ERR wrong number of arguments for '${name}' command`)
  const { fields } = db.getOrMake(key, { type: 'hash', fields: new Map() })
  let added = 0
  for (let i = 0; i < words.length; i += 2) {
    const field = words[i] ?? ''
    if (!fields.has(field)) added++
    fields.set(field, words[i + 1] ?? '')
  }
  return added
}

export const HASH_COMMANDS: Record<string, Command> = {
  hset: (db, [key = '', ...words]) => setFields(db, 'hset', key, words),
  hmset: (db, [key = '', ...words]) => {
    setFields(db, 'hmset', key, words)
    return OK
  },
  hsetnx: (db, [key = '', field = '', text = '']) =>
    db.get(key, 'hash')?.fields.has(field) ? 0 : setFields(db, 'hsetnx', key, [field, text]),
  hget: (db, [key = '', field = '']) => db.get(key, 'hash')?.fields.get(field) ?? null,
  hmget: (db, [key = '', ...names]) => {
    const hash = db.get(key, 'hash')
    return names.map((name) => hash?.fields.get(name) ?? null)
  },
  hgetall: (db, [key = '']) => [...(db.get(key, 'hash')?.fields ?? [])].flat(),
  hkeys: (db, [key = '']) => [...(db.get(key, 'hash')?.fields.keys() ?? [])],
  hvals: (db, [key = '']) => [...(db.get(key, 'hash')?.fields.values() ?? [])],
  hlen: (db, [key = '']) => db.get(key, 'hash')?.fields.size ?? 0,
  hexists: (db, [key = '', field = '']) => (db.get(key, 'hash')?.fields.has(field) ? 1 : 0),
  hdel: (db, [key = '', ...names]) => {
    const hash = db.get(key, 'hash')
    const deleted = names.filter((name) => hash?.fields.delete(name)).length
    if (hash?.fields.size === 0) db.delete(key)
    return deleted
  },
  hincrby: (db, [key = '', field = '', by]) => {
    const before = db.get(key, 'hash')?.fields.get(field) ?? '0'
    const total = sum(before, by, 'ERR hash value is not an integer')
    setFields(db, 'hincrby', key, [field, total])
    return Number(total)
  },
}
