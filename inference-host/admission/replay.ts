import { TwohopError } from '../../shared/errors.ts'

/** Remembers the ids of tokens that were used, for as long as these are valid. */
export type ReplayGuard = {
  /**
   * Marks `id` as used until `expires` (seconds since the epoch). Whether it was used and that it is now are one step.
   * @throws TwohopError `service_token_replayed` where it was used; `host_busy` where no room is left: an id is never
   *   forgotten before its time
   */
  use(id: string, expires: number): void
}

/**
 * An empty guard for at most `capacity` ids.
 * @param now milliseconds since the epoch
 */
export function createReplayGuard(capacity: number, now: () => number = Date.now): ReplayGuard {
  /** Id -> seconds since the epoch; all tokens live equally long, so they expire nearly in the order of use. */
  const used = new Map<string, number>()

  function dropExpired(): void {
    const seconds = now() / 1000
    for (const [id, expires] of used) {
      if (expires > seconds) return
      used.delete(id)
    }
  }

  return {
    use(id, expires) {
      dropExpired()
      if (used.has(id)) throw new TwohopError('service_token_replayed', 'The service token was used before.')
      if (used.size >= capacity)
        throw new TwohopError('host_busy', 'More requests came in a minute than can be told from replays.')
      used.set(id, expires)
    },
  }
}
