import type { Keyspace } from '../keyspace.ts'
import { RedisError, type RedisReply } from '../port.ts'
import { type Command, integer, option, syntaxError } from './command.ts'

type Member = [name: string, score: number]

function score(word: string | undefined, complaint = 'ERR value is not a valid float'): number {
  const lower = word?.toLowerCase()
  if (lower === '+inf' || lower === 'inf') return Number.POSITIVE_INFINITY
  if (lower === '-inf') return Number.NEGATIVE_INFINITY
  const number = Number(word)
  if (!word?.trim() || Number.isNaN(number)) throw new RedisError(complaint)
  return number
}

function scoreText(number: number): string {
  if (Number.isFinite(number)) return String(number)
  return number > 0 ? 'inf' : '-inf'
}

const members = (db: Keyspace, key: string): Member[] => [...(db.get(key, 'zset')?.scores ?? [])]

/** In Redis's order: by score, then by bytes. */
const sorted = (unsorted: Member[]) =>
  unsorted.sort((a, b) => a[1] - b[1] || Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])))

function between(db: Keyspace, key: string, min = '', max = ''): Member[] {
  const bound = (word: string) => score(word.replace(/^\(/, ''), 'ERR min or max is not a float')
  const [low, high] = [bound(min), bound(max)]
  return members(db, key).filter(
    ([, at]) =>
      (min.startsWith('(') ? at > low : at >= low) && (max.startsWith('(') ? at < high : at <= high),
  )
}

/** Members by their places in Redis's order, the last ones from -1 down. */
function ranked(db: Keyspace, key: string, start: string | undefined, stop: string | undefined): Member[] {
  const all = sorted(members(db, key))
  const place = (word: string | undefined) => {
    const index = integer(word)
    return index < 0 ? Math.max(0, all.length + index) : index
  }
  const end = integer(stop) < -all.length ? -1 : place(stop)
  return all.slice(place(start), end + 1)
}

function remove(db: Keyspace, key: string, names: string[]): number {
  const scores = db.get(key, 'zset')?.scores
  const removed = names.filter((name) => scores?.delete(name)).length
  if (scores?.size === 0) db.delete(key)
  return removed
}

function shown(found: Member[], options: string[]): RedisReply {
  const withScores = option(options, 'withscores') !== undefined
  return found.flatMap(([name, at]) => (withScores ? [name, scoreText(at)] : [name]))
}

function limited(found: Member[], options: string[]): Member[] {
  const limit = option(options, 'limit')
  if (!limit) return found
  const [from, count] = [integer(limit[0]), integer(limit[1])]
  return found.slice(from, count < 0 ? undefined : from + count)
}

const zadd: Command = (db, [key = '', ...words]) => {
  const flags = new Set<string>()
  while (words.length > 0 && /^(nx|xx|gt|lt|ch)$/i.test(words[0] ?? ''))
    flags.add(words.shift()?.toLowerCase() ?? '')
  if (words.length === 0 || words.length % 2 === 1) throw syntaxError()
  const wanted: Member[] = []
  for (let i = 0; i < words.length; i += 2) wanted.push([words[i + 1] ?? '', score(words[i])])
  db.get(key, 'zset')
  let added = 0
  let changed = 0
  for (const [name, at] of wanted) {
    const before = db.get(key, 'zset')?.scores.get(name)
    if (before === undefined ? flags.has('xx') : flags.has('nx')) continue
    if (before !== undefined && flags.has('gt') && at <= before) continue
    if (before !== undefined && flags.has('lt') && at >= before) continue
    db.getOrMake(key, { type: 'zset', scores: new Map() }).scores.set(name, at)
    if (before === undefined) added++
    else if (before !== at) changed++
  }
  return flags.has('ch') ? added + changed : added
}

export const SORTED_SET_COMMANDS: Record<string, Command> = {
  zadd,
  zrem: (db, [key = '', ...names]) => remove(db, key, names),
  zcard: (db, [key = '']) => db.get(key, 'zset')?.scores.size ?? 0,
  zscore: (db, [key = '', name = '']) => {
    const at = db.get(key, 'zset')?.scores.get(name)
    return at === undefined ? null : scoreText(at)
  },
  zcount: (db, [key = '', min, max]) => between(db, key, min, max).length,
  zrange: (db, [key = '', start, stop, ...options]) =>
    shown(
      option(options, 'byscore')
        ? limited(sorted(between(db, key, start, stop)), options)
        : ranked(db, key, start, stop),
      options,
    ),
  zrangebyscore: (db, [key = '', min, max, ...options]) =>
    shown(limited(sorted(between(db, key, min, max)), options), options),
  zremrangebyrank: (db, [key = '', start, stop]) =>
    remove(
      db,
      key,
      ranked(db, key, start, stop).map(([name]) => name),
    ),
  zremrangebyscore: (db, [key = '', min, max]) =>
    remove(
      db,
      key,
      between(db, key, min, max).map(([name]) => name),
    ),
}
