import { type Bytes, fits, sum } from './bytes.ts'

/** Something that takes memory and can be made to give it back. */
export type Guest = {
  /** What it takes, or will take. */
  bytes(): Bytes
  /** The time since which it is idle, in milliseconds on any clock. Undefined while it must stay. */
  idleSince(): number | undefined
  /** Whether only jobs ask for it. Then it makes way for any other guest that waits. */
  onlyJobs?(): boolean
  /** Called when fewer wait for room than did. */
  spared?(): void
  /** Makes it give its memory back; resolves when it has. */
  evict(): Promise<void>
  /** Called when its bytes are free, with those that waited for them. */
  gone(): void
}

/** The memory that guests share. */
export type Room = {
  readonly budget: Bytes
  used(): Bytes
  /**
   * Resolves when the guest's bytes are its own. Where they do not fit, the guests idle longest are evicted, once that
   * makes enough room. Guests wait in order of arrival. One that fits now does not wait for another that does not.
   * @throws the signal's reason when it is aborted first.
   */
  enter(guest: Guest, signal: AbortSignal): Promise<void>
  /** Whether it would be evicted for somebody who waits, if jobs kept no guest from being evicted. */
  wanted(guest: Guest): boolean
  /** Frees its bytes. */
  leave(guest: Guest): void
  /** Looks again: a guest may have become idle, or have grown. */
  review(): void
}

type Waiting = { guest: Guest; enter: () => void }

/**
 * The guests to evict, those idle longest first, so that `short` bytes become free. Undefined where all that may go are
 * not enough: then none goes. A guest that holds no memory of the short kind stays too.
 */
export function victimsFor(
  short: Bytes,
  guests: Iterable<Guest>,
  idleSince = (guest: Guest) => guest.idleSince(),
): Guest[] | undefined {
  const idle = [...guests]
    .map((guest) => ({ guest, since: idleSince(guest), bytes: guest.bytes() }))
    .filter(({ since }) => since !== undefined)
    .sort((a, b) => (a.since ?? 0) - (b.since ?? 0))
  const chosen: Guest[] = []
  let { host, device } = short
  for (const { guest, bytes } of idle) {
    if (host <= 0 && device <= 0) break
    const helps = (host > 0 && bytes.host > 0) || (device > 0 && bytes.device > 0)
    if (!helps) continue
    chosen.push(guest)
    host -= bytes.host
    device -= bytes.device
  }
  return host <= 0 && device <= 0 ? chosen : undefined
}

/** An empty room of `budget` bytes. */
export function createRoom(budget: Bytes): Room {
  const inside = new Set<Guest>()
  const leaving = new Set<Guest>()
  const line: Waiting[] = []

  const used = () => sum([...inside].map((guest) => guest.bytes()))
  const staying = () => [...inside].filter((guest) => !leaving.has(guest))

  function evict(guest: Guest): void {
    leaving.add(guest)
    void guest.evict().then(() => {
      leave(guest)
      guest.gone()
    })
  }

  /** The bytes missing for `wanted` beside the guests that stay. */
  function shortOf(wanted: Bytes): Bytes {
    const kept = sum(staying().map((guest) => guest.bytes()))
    return {
      host: kept.host + wanted.host - budget.host,
      device: kept.device + wanted.device - budget.device,
    }
  }

  /** Takes a guest out of the line. Guests are told later, because they may call back into the room. */
  function callOut(waiting: Waiting): void {
    line.splice(line.indexOf(waiting), 1)
    queueMicrotask(() => {
      for (const guest of staying()) guest.spared?.()
    })
  }

  function review(): void {
    let first: Waiting | undefined
    for (const waiting of [...line]) {
      if (fits(waiting.guest.bytes(), used(), budget)) {
        callOut(waiting)
        inside.add(waiting.guest)
        waiting.enter()
      } else first ??= waiting
    }
    const short = shortOf(first?.guest.bytes() ?? { host: 0, device: 0 })
    for (const guest of victimsFor(short, staying()) ?? []) evict(guest)
  }

  function leave(guest: Guest): void {
    leaving.delete(guest)
    if (inside.delete(guest)) review()
  }

  return {
    budget,
    used,
    leave,
    review,
    wanted(guest) {
      const urgent = line.find((waiting) => !waiting.guest.onlyJobs?.())
      if (urgent === undefined) return false
      const since = (one: Guest) => one.idleSince() ?? (one.onlyJobs?.() ? Number.MAX_VALUE : undefined)
      return victimsFor(shortOf(urgent.guest.bytes()), staying(), since)?.includes(guest) ?? false
    },
    enter(guest, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const waiting: Waiting = {
          guest,
          enter() {
            signal.removeEventListener('abort', give)
            resolve()
          },
        }
        const give = () => {
          callOut(waiting)
          reject(signal.reason)
          review()
        }
        signal.addEventListener('abort', give, { once: true })
        line.push(waiting)
        review()
      })
    },
  }
}
