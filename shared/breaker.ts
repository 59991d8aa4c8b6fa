/** Keeps calls from a service that is known to be away. One is shared by all that call the service. */
export type Breaker = {
  /**
   * Runs `call`, unless the service is known to be away.
   * @throws ServiceAway at once where it is; else what `call` throws
   */
  run<T>(call: () => Promise<T>): Promise<T>
  /** Runs `call` in any case, and learns from it. */
  watch<T>(call: () => Promise<T>): Promise<T>
}

/** The service did not answer a moment ago and was not asked again. */
export class ServiceAway extends Error {
  override readonly name = 'ServiceAway'
}

type Options = {
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
  /** Whether an error says that the service did not answer; any other error is an answer, unless `isNothing`. */
  isSilence: (error: unknown) => boolean
  /** Whether an error says nothing of the service, such as that of a call that was broken off; default: none does. */
  isNothing?: (error: unknown) => boolean
  /** Calls without an answer, one after the other, after which it is known to be away; default 3. */
  most?: number
  /** Milliseconds from one probe to the next; default 1000. */
  probeMs?: number
  /** Called when it is known to be away, and when it answers again. Must not throw. */
  onChange?: (away: boolean) => void
}

/**
 * A breaker. While the service is away, one call in `probeMs` goes through to see whether it is back, and no other waits
 * for that. A probe whose end nobody sees (its request was cut off) holds up no later one.
 */
export function createBreaker({
  now,
  isSilence,
  isNothing = () => false,
  most = 3,
  probeMs = 1000,
  onChange = () => {},
}: Options): Breaker {
  let silent = 0
  let probeAt = 0

  function heard(): void {
    if (silent >= most) onChange(false)
    silent = 0
  }

  function unheard(): void {
    silent++
    if (silent < most) return
    probeAt = now() + probeMs
    if (silent === most) onChange(true)
  }

  async function watch<T>(call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call()
      heard()
      return answer
    } catch (error) {
      if (isSilence(error)) unheard()
      else if (!isNothing(error)) heard()
      throw error
    }
  }

  return {
    async run(call) {
      if (silent >= most) {
        if (now() < probeAt) throw new ServiceAway('the service did not answer a moment ago')
        probeAt = now() + probeMs
      }
      return watch(call)
    },
    watch,
  }
}
