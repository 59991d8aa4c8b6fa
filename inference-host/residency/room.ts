import { type Bytes, fits, sum } from './bytes.ts'

/** Something that takes memory and can be made to give it back. */
export type Guest = {
  /** What it takes, or will take. */
  bytes(): Bytes
  /** Since when nobody has used it, in milliseconds on any clock; undefined while it must stay. */
  idleSince(): number | undefined
  /** Makes it give its memory back; resolves when it has. */
  evict(): Promise<void>
  /** Called when its bytes are free, and with whoever waited for them. */
  gone(): void
}

/** The memory that guests share. */
export type Room = {
  readonly budget: Bytes
  used(): Bytes
  /**
   * Resolves when the guest's bytes are its own. Where they do not fit, those idle longest are evicted, once that makes
   * enough room. Guests wait in the order in which they came; one that fits as things are does not wait for another
   * that does not.
   * @throws the signal's reason when it is aborted first.
   */
  enter(guest: Guest, signal: AbortSignal): Promise<void>
  /** Frees its bytes. */
  leave(guest: Guest): void
  /** Looks again: a guest may have become idle, or have grown. */
  review(): void
}

type Waiting = { guest: Guest; enter: () => void }

/**
 * The guests to evict, those idle longest first, so that `short` bytes become free; undefined where all that may go
 * are not enough. Nobody is evicted for nothing: neither in part, nor one that holds none of what is short.
 */
export function victimsFor(short: Bytes, guests: Iterable<Guest>): Guest[] | undefined {
  const idle = [...guests]
    .map((guest) => ({ guest, since: guest.idleSince(), bytes: guest.bytes() }))
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

  /** Makes room for `wanted` beside those that stay, if that can be done. */
  function makeRoom(wanted: Bytes): void {
    const others = staying()
    const kept = sum(others.map((guest) => guest.bytes()))
    const short = {
      host: kept.host + wanted.host - budget.host,
      device: kept.device + wanted.device - budget.device,
    }
    for (const guest of victimsFor(short, others) ?? []) evict(guest)
  }

  function review(): void {
    let first: Waiting | undefined
    for (const waiting of [...line]) {
      if (fits(waiting.guest.bytes(), used(), budget)) {
        line.splice(line.indexOf(waiting), 1)
        inside.add(waiting.guest)
        waiting.enter()
      } else first ??= waiting
    }
    makeRoom(first?.guest.bytes() ?? { host: 0, device: 0 })
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
          line.splice(line.indexOf(waiting), 1)
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
