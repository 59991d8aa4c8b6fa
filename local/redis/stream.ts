import { RedisError } from './port.ts'

type Id = { ms: number; seq: number }
export type Entry = { id: Id; fields: string[] }
type Pending = { consumer: string; entry: Entry; deliveredAt: number }
/** Pending entries by id, in order of ids: deliveries only go upwards, and a claimed entry stays in its place. */
export type Group = { lastDelivered: Id; pending: Map<string, Pending> }

/** An append-only log with increasing ids, and the consumer groups that read it (redis.io/docs/data-types/streams). */
export type Stream = { entries: Entry[]; lastId: Id; groups: Map<string, Group> }

export const emptyStream = (): Stream => ({ entries: [], lastId: { ms: 0, seq: 0 }, groups: new Map() })

export const idText = ({ ms, seq }: Id) => `${ms}-${seq}`

const isAfter = (a: Id, b: Id) => a.ms > b.ms || (a.ms === b.ms && a.seq > b.seq)

/** Reads an id. `seq` replaces a missing second half. @throws RedisError when the text is no id */
export function parseId(text: string, seq: number): Id {
  if (text === '-') return { ms: 0, seq: 0 }
  if (text === '+') return { ms: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER }
  const match = /^(\d+)(?:-(\d+))?$/.exec(text)
  if (!match) throw new RedisError('ERR Invalid stream ID specified as stream command argument')
  return { ms: Number(match[1]), seq: match[2] === undefined ? seq : Number(match[2]) }
}

/**
 * Adds an entry under the id `wanted`; `*` means the next id at `now` (ms).
 * @throws RedisError for an id that is not after the last
 */
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

/** Entries with ids from `start` to `end`; `(` before an id excludes it. @throws RedisError when either is no id */
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

/** Delivers entries that the group has not seen to a consumer. They are pending until they are acknowledged. */
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

/** The entries after `start` that were delivered to a consumer and not acknowledged. */
export function undelivered(group: Group, consumer: string, start: string, count: number): Entry[] {
  const from = parseId(start, 0)
  return [...group.pending.values()]
    .filter((pending) => pending.consumer === consumer && isAfter(pending.entry.id, from))
    .map(({ entry }) => entry)
    .slice(0, count)
}

/** A claim's new consumer, the least idle time that it asks for, and the idle time that it sets (ms). */
type Claim = { consumer: string; leastIdle: number; idle: number; now: number }

/**
 * Gives an entry that was pending for long enough to another consumer, and returns it; undefined where it was not. If
 * the stream no longer has the entry, it is also dropped from the pending ones.
 */
export function claim(stream: Stream, group: Group, id: Id, wanted: Claim): Entry | undefined {
  const held = group.pending.get(idText(id))
  if (!held) return undefined
  if (!stream.entries.includes(held.entry)) {
    group.pending.delete(idText(id))
    return undefined
  }
  if (wanted.now - held.deliveredAt < wanted.leastIdle) return undefined
  held.consumer = wanted.consumer
  held.deliveredAt = wanted.now - wanted.idle
  return held.entry
}

/**
 * Claims up to `count` entries in order of ids, from `start` on (XAUTOCLAIM looks at ten times as many). Returns where
 * to go on (0-0 at the end), the claimed entries, and the ids that were pending but are gone from the stream.
 */
export function claimFrom(stream: Stream, group: Group, start: Id, count: number, wanted: Claim) {
  const held = [...group.pending.values()].filter(({ entry }) => !isAfter(start, entry.id))
  const claimed: Entry[] = []
  const gone: Id[] = []
  let looked = 0
  while (looked < held.length && looked < 10 * count && claimed.length + gone.length < count) {
    const { id } = (held[looked++] as Pending).entry
    const entry = claim(stream, group, id, wanted)
    if (entry) claimed.push(entry)
    else if (!group.pending.has(idText(id))) gone.push(id)
  }
  return { next: held[looked]?.entry.id ?? { ms: 0, seq: 0 }, claimed, gone }
}

/** Forgets a consumer and its unacknowledged entries, which are not delivered again. Returns how many they were. */
export function forgetConsumer(group: Group, consumer: string): number {
  const held = [...group.pending].filter(([, pending]) => pending.consumer === consumer)
  for (const [id] of held) group.pending.delete(id)
  return held.length
}
