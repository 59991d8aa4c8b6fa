import { readLoad } from '../../shared/host-load.ts'

/** How busy an own host is, as its answers say and as far as it is known here. */
export type HostLoad = {
  /** A call is on its way there. */
  sent(): void
  /** Takes what an answer says. */
  heard(header: string | null): void
  /** Requests for each place where one is computed: 1 is a host that is full, 0 one of which nothing is known. */
  readonly score: number
  /** Whether the host said that it will stop soon. It gets nothing new then. */
  readonly draining: boolean
}

/** Milliseconds after which what a host said is forgotten. */
const KEPT_MS = 10_000

/**
 * The load of one host. What other edges send there is seen only when the next answer comes, so each call that goes there
 * from here counts as one more until then.
 * @param now milliseconds
 */
export function createHostLoad(now: () => number): HostLoad {
  let said = { requests: 0, places: 1, draining: false, at: -Infinity }
  let since = 0
  const known = () => now() - said.at < KEPT_MS
  return {
    sent() {
      since++
    },
    heard(header) {
      const read = readLoad(header)
      if (read === undefined) return
      said = { ...read, at: now() }
      since = 0
    },
    get score() {
      return known() ? (said.requests + since) / said.places : 0
    },
    get draining() {
      return said.draining && known()
    },
  }
}
