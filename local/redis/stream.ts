import { RedisError } from './port.ts'

type Id = { ms: number; seq: number }
export type Entry = { id: Id; fields: string[] }
type Group = {
  lastDelivered: Id
  pending: Map<string, { consumer: string; entry: Entry; deliveredAt: number }>
}

/** An append-only log with increasing ids, and the consumer groups that read it (redis.io/docs/data-types/streams). */
export type Stream = { entries: Entry[]; lastId: Id; groups: Map<string, Group> }

export const emptyStream = (): Stream => ({ entries: [], lastId: { ms: 0, seq: 0 }, groups: new Map() })

export const idText = ({ ms, seq }: Id) => `${ms}-${seq}`

export const isAfter = (a: Id, b: Id) => a.ms > b.ms || (a.ms === b.ms && a.seq > b.seq)

/** @throws RedisError when the text is no id; `seq` stands for a missing second half */
export function parseId(text: string, seq: number): Id {
  if (text === '-') return { ms: 0, seq: 0 }
  if (text === '+') return { ms: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER }
  const match = /^(\d+)(?:-(\d+))?$/.exec(text)
  if (!match) throw new RedisError('ERR Invalid stream ID specified as stream command argument')
  return { ms: Number(match[1]), seq: match[2] === undefined ? seq : Number(match[2]) }
}

/** Adds an entry under `wanted`, or with `*` under the next id at `now` (ms). @throws RedisError for an id not after the last */
export function append(stream: Stream, wanted: string, fields: string[], now: number): Id {
  const { lastId } = stream
  const next = now > lastId.ms ? { ms: now, seq: 0 } : { ms: lastId.ms, seq: lastId.seq + 1 }
  const id = wanted === '*' ? next : parseId(wanted, 0)
  if (!isAfter(id, lastId))
    throw new RedisError('ERR The ID specified in XADD is equal or smaller than the target stream top item')
  stream.entries.push({ id, fields })
  stream.lastId = id
  return id
}

export function range(stream: Stream, start: string, end: string): Entry[] {
  const exclusive = (text: string) => text.startsWith('(')
  const from = parseId(start.replace('(', ''), 0)
  const to = parseId(end.replace('(', ''), Number.MAX_SAFE_INTEGER)
  return stream.entries.filter(({ id }) => {
    const begun = isAfter(id, from) || (!exclusive(start) && idText(id) === idText(from))
    const ended = isAfter(id, to) || (exclusive(end) && idText(id) === idText(to))
    return begun && !ended
  })
}

/** Hands entries that the group has not seen to a consumer, and remembers them until they are acknowledged. */
export function deliverNew(
  stream: Stream,
  group: Group,
  consumer: string,
  count: number,
  now: number,
): Entry[] {
  const fresh = stream.entries.filter(({ id }) => isAfter(id, group.lastDelivered)).slice(0, count)
  for (const entry of fresh) {
    group.lastDelivered = entry.id
    group.pending.set(idText(entry.id), { consumer, entry, deliveredAt: now })
  }
  return fresh
}

/** What was handed to a consumer after `start` and never acknowledged. */
export function undelivered(group: Group, consumer: string, start: string, count: number): Entry[] {
  const from = parseId(start, 0)
  return [...group.pending.values()]
    .filter((pending) => pending.consumer === consumer && isAfter(pending.entry.id, from))
    .map(({ entry }) => entry)
    .slice(0, count)
}
