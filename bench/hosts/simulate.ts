import { nextPlace, type Place } from '../../edge/upstream/choose.ts'
import { createHostLoad } from '../../edge/upstream/host-load.ts'
import { hashOf } from '../../edge/upstream/prefix.ts'
import { createHeap } from '../../inference-host/scheduler/binary-heap.ts'
import { loadText } from '../../shared/host-load.ts'
import { percentile } from '../kit.ts'
import { seeded } from '../seeded.ts'

/** How a host is chosen: as the edge does, one after the other, or any. */
export const POLICIES = ['edge', 'round robin', 'random'] as const
export type Policy = (typeof POLICIES)[number]

export type Simulated = {
  hosts: number
  policy: Policy
  /** Requests a second that ended. */
  throughput: number
  /** Milliseconds from a request to its last token, for 99 of 100. */
  p99Ms: number
  /** How much longer the busiest host computed than the mean: 1 is no more. */
  imbalance: number
  /** Share of requests whose prompt's beginning was in the host's cache. */
  cached: number
}

/** Requests that a host computes at once, and prompts whose beginning its cache keeps. */
const PLACES = 8
const CACHED = 64
/** Chats at once for each host: three quarters of its places, as one is loaded that has some room. */
const CHATS = 6
/** Isolates of the edge, none of which knows what the others do. */
const EDGES = 8
/** Milliseconds: to read a prompt whose beginning is not in the cache, and the median to write an answer. */
const PREFILL_MS = 600
const WRITE_MS = 1500
/** Turns of a chat, on the mean. */
const TURNS = 6

type Request = { chat: Chat; edge: number; sentMs: number }
type Chat = { prefix: number; left: number }
type Host = { running: number; waiting: Request[]; busyMs: number; cache: Map<number, true> }
type Event = { atMs: number; run: () => void }

/**
 * Plays hosts and chats event by event, each with random numbers of its own seed, so that a run is the same each time. A chat
 * asks, reads its answer, and asks again; its end is the beginning of another. What an edge knows of hosts is what answers
 * said when they began.
 * @param hosts their number
 * @param simulatedMs the time that is played, longer for a few hosts; its first quarter is not counted
 */
export function simulate(
  policy: Policy,
  hosts: number,
  { seed = 1, simulatedMs = 60_000 * Math.max(1, 20 / hosts) } = {},
): Simulated {
  const random = seeded(seed)
  let nowMs = 0
  const events = createHeap<Event>((a, b) => a.atMs < b.atMs)
  const at = (ms: number, run: () => void) => events.add({ atMs: nowMs + ms, run })
  const all: Host[] = Array.from({ length: hosts }, () => ({
    running: 0,
    waiting: [],
    busyMs: 0,
    cache: new Map(),
  }))
  const places = all.map((_, i): Place => ({ id: `host-${i}`, model: 'chat', weight: 1, own: true }))
  const indexOf = new Map(places.map((place, i) => [place, i]))
  const edges = Array.from({ length: EDGES }, () => all.map(() => createHostLoad(() => nowMs)))
  const warmMs = simulatedMs / 4
  const counted = { ended: 0, cached: 0, began: 0, latencies: [] as number[] }
  let turn = 0
  let chats = 0

  function chosen({ chat, edge }: Request): number {
    if (policy === 'random') return Math.floor(random() * hosts)
    if (policy === 'round robin') return turn++ % hosts
    const loads = edges[edge]
    const place = nextPlace({ drawn: places, fallback: [] }, () => true, {
      load: (one) => loads?.[indexOf.get(one) ?? 0]?.score ?? 0,
      random,
      prefix: chat.prefix,
    })
    return (place && indexOf.get(place)) ?? 0
  }

  function ask(chat: Chat): void {
    const request = { chat, edge: Math.floor(random() * EDGES), sentMs: nowMs }
    const i = chosen(request)
    edges[request.edge]?.[i]?.sent()
    const host = all[i]
    if (!host) return
    if (host.running < PLACES) begin(host, i, request)
    else host.waiting.push(request)
  }

  function begin(host: Host, i: number, request: Request): void {
    host.running++
    const { prefix } = request.chat
    const hit = host.cache.delete(prefix)
    host.cache.set(prefix, true)
    const oldest = host.cache.keys().next()
    if (host.cache.size > CACHED && !oldest.done) host.cache.delete(oldest.value)
    // Twice or half the median is one standard deviation away.
    const readMs = hit ? PREFILL_MS / 10 : PREFILL_MS
    const writeMs = WRITE_MS * 2 ** normal(random)
    const requests = host.running + host.waiting.length
    at(readMs, () => edges[request.edge]?.[i]?.heard(loadText({ requests, places: PLACES, draining: false })))
    at(readMs + writeMs, () => end(host, i, request, readMs + writeMs))
    if (nowMs < warmMs) return
    counted.began++
    if (hit) counted.cached++
  }

  function end(host: Host, i: number, { chat, sentMs }: Request, tookMs: number): void {
    host.running--
    const next = host.waiting.shift()
    if (next) begin(host, i, next)
    if (nowMs >= warmMs) {
      host.busyMs += tookMs
      counted.ended++
      counted.latencies.push(nowMs - sentMs)
    }
    chat.left--
    ask(chat.left > 0 ? chat : newChat())
  }

  const newChat = (): Chat => ({
    prefix: hashOf(`chat ${chats++}`),
    left: 1 + Math.floor(-Math.log(1 - random()) * (TURNS - 1)),
  })

  for (let i = 0; i < hosts * CHATS; i++) at(random() * 1000, () => ask(newChat()))
  for (let event = events.first(); event && event.atMs <= simulatedMs; event = events.first()) {
    events.delete(event)
    nowMs = event.atMs
    event.run()
  }
  const busy = all.map(({ busyMs }) => busyMs)
  return {
    hosts,
    policy,
    throughput: counted.ended / ((simulatedMs - warmMs) / 1000),
    p99Ms: percentile(counted.latencies, 0.99),
    imbalance: (Math.max(...busy) * hosts) / busy.reduce((sum, ms) => sum + ms, 0),
    cached: counted.cached / counted.began,
  }
}

/** A number of the normal distribution (Box and Muller 1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
