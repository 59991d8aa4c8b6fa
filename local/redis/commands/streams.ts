import type { Keyspace } from '../keyspace.ts'
import { OK, RedisError, type RedisReply } from '../port.ts'
import {
  append,
  claim,
  claimFrom,
  deliverNew,
  type Entry,
  emptyStream,
  forgetConsumer,
  idText,
  parseId,
  range,
  type Stream,
  undelivered,
} from '../stream.ts'
import { type Command, integer, option, syntaxError } from './command.ts'

const shown = (entries: Entry[]): RedisReply => entries.map(({ id, fields }) => [idText(id), fields])

function count(options: string[]): number {
  const words = option(options, 'count')
  return words ? integer(words[0]) : Number.POSITIVE_INFINITY
}

function streamOf(db: Keyspace, key: string): Stream | undefined {
  return db.get(key, 'stream')?.stream
}

function groupOf(db: Keyspace, key: string, name: string, place = '') {
  const stream = streamOf(db, key)
  const group = stream?.groups.get(name)
  if (!stream || !group)
    throw new RedisError(`NOGROUP No such key '${key}' or consumer group '${name}'${place}`)
  return { stream, group }
}

const xadd: Command = (db, [key = '', ...words]) => {
  let keep = Number.POSITIVE_INFINITY
  if (words[0]?.toLowerCase() === 'maxlen') {
    words.shift()
    if (words[0] === '~' || words[0] === '=') words.shift()
    keep = integer(words.shift())
  }
  const [id = '', ...fields] = words
  if (fields.length === 0 || fields.length % 2 === 1)
    throw new RedisError("ERR wrong number of arguments for 'xadd' command")
  const { stream } = db.getOrMake(key, { type: 'stream', stream: emptyStream() })
  const added = append(stream, id, fields, db.now())
  if (stream.entries.length > keep) stream.entries.splice(0, stream.entries.length - keep)
  return idText(added)
}

const xgroup: Command = (db, [action = '', key = '', name = '', start = '', ...options]) => {
  if (action.toLowerCase() === 'destroy') return streamOf(db, key)?.groups.delete(name) ? 1 : 0
  const forgets = action.toLowerCase() === 'delconsumer'
  if (!forgets && action.toLowerCase() !== 'create') throw syntaxError()
  const present = streamOf(db, key)
  if (!present && (forgets || !option(options, 'mkstream')))
    throw new RedisError(
      'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.',
    )
  if (forgets) {
    const group = present?.groups.get(name)
    if (!group) throw new RedisError(`NOGROUP No such consumer group '${name}' for key name '${key}'`)
    return forgetConsumer(group, start)
  }
  const { stream } = db.getOrMake(key, { type: 'stream', stream: emptyStream() })
  if (stream.groups.has(name)) throw new RedisError('BUSYGROUP Consumer Group name already exists')
  stream.groups.set(name, {
    lastDelivered: start === '$' ? stream.lastId : parseId(start, 0),
    pending: new Map(),
  })
  return OK
}

const xreadgroup: Command = (db, [keyword = '', name = '', consumer = '', ...options]) => {
  const streams = option(options, 'streams')
  if (keyword.toLowerCase() !== 'group' || !streams || streams.length % 2 === 1) throw syntaxError()
  const keys = streams.slice(0, streams.length / 2)
  const found = keys.map((key, index): [string, Entry[], string] => {
    const { stream, group } = groupOf(db, key, name, ' in XREADGROUP with GROUP option')
    const from = streams[keys.length + index] ?? ''
    const entries =
      from === '>'
        ? deliverNew(stream, group, consumer, count(options), db.now())
        : undelivered(group, consumer, from, count(options))
    return [key, entries, from]
  })
  // A read of new entries leaves out a stream without any. A read of a consumer's own entries lists it as empty.
  const told = found.filter(([, entries, from]) => entries.length > 0 || from !== '>')
  return told.length === 0 ? null : told.map(([key, entries]) => [key, shown(entries)])
}

const xclaim: Command = (db, [key = '', name = '', consumer = '', leastIdle, ...words]) => {
  const { stream, group } = groupOf(db, key, name)
  const ids: ReturnType<typeof parseId>[] = []
  while (/^\d+(-\d+)?$/.test(words[0] ?? '')) ids.push(parseId(words.shift() ?? '', 0))
  const idle = option(words, 'idle')
  const wanted = {
    consumer,
    leastIdle: integer(leastIdle),
    idle: idle ? integer(idle[0]) : 0,
    now: db.now(),
  }
  const claimed = ids.flatMap((id) => claim(stream, group, id, wanted) ?? [])
  return option(words, 'justid') ? claimed.map(({ id }) => idText(id)) : shown(claimed)
}

const xautoclaim: Command = (db, [key = '', name = '', consumer = '', leastIdle, start = '', ...options]) => {
  const most = option(options, 'count') ? count(options) : 100
  const { stream, group } = groupOf(db, key, name)
  const wanted = { consumer, leastIdle: integer(leastIdle), idle: 0, now: db.now() }
  const { next, claimed, gone } = claimFrom(stream, group, parseId(start, 0), most, wanted)
  const entries = option(options, 'justid') ? claimed.map(({ id }) => idText(id)) : shown(claimed)
  return [idText(next), entries, gone.map(idText)]
}

export const STREAM_COMMANDS: Record<string, Command> = {
  xadd,
  xlen: (db, [key = '']) => streamOf(db, key)?.entries.length ?? 0,
  xrange: (db, [key = '', start = '', end = '', ...options]) => {
    const stream = streamOf(db, key)
    return stream ? shown(range(stream, start, end).slice(0, count(options))) : []
  },
  xrevrange: (db, [key = '', end = '', start = '', ...options]) => {
    const stream = streamOf(db, key)
    return stream ? shown(range(stream, start, end).reverse().slice(0, count(options))) : []
  },
  xdel: (db, [key = '', ...ids]) => {
    const stream = streamOf(db, key)
    if (!stream) return 0
    const gone = new Set(ids.map((id) => idText(parseId(id, 0))))
    const before = stream.entries.length
    stream.entries = stream.entries.filter(({ id }) => !gone.has(idText(id)))
    return before - stream.entries.length
  },
  xgroup,
  xreadgroup,
  xclaim,
  xautoclaim,
  xack: (db, [key = '', name = '', ...ids]) => {
    const group = streamOf(db, key)?.groups.get(name)
    return ids.filter((id) => group?.pending.delete(idText(parseId(id, 0)))).length
  },
  xpending: (db, [key = '', name = '', ...rest]) => {
    if (rest.length > 0) throw syntaxError()
    const pending = [...groupOf(db, key, name).group.pending.values()]
    const ids = pending.map(({ entry }) => idText(entry.id))
    if (ids.length === 0) return [0, null, null, null]
    const byConsumer = Map.groupBy(pending, ({ consumer }) => consumer)
    const consumers = [...byConsumer].map(([consumer, held]) => [consumer, String(held.length)])
    return [ids.length, ids.at(0) ?? null, ids.at(-1) ?? null, consumers.sort()]
  },
}
