import { createBreaker, ServiceAway } from '../../shared/breaker.ts'
import { TwohopError } from '../../shared/errors.ts'

type Options = {
  /** Asks whether the upstream is there. @throws TwohopError where it is not */
  isReady: () => Promise<boolean>
  /** Whether it is an own host, which fails by a request's fault rather than by its own. */
  isOwn: boolean
  /** Milliseconds of any clock that runs evenly. */
  now: () => number
  /** Called when the upstream is known to be away, and when it is back. Must not throw. */
  onChange: (away: boolean) => void
}

/** Milliseconds from one question whether an upstream is back to the next. */
const PROBE_MS = 1000
/** Failures one after the other after which a foreign upstream is left alone. One may be a request's fault. */
const MOST_FAILURES = 3

/**
 * Keeps calls from an upstream that is away. One that nobody reaches is away at once; one that fails, is late or refuses the
 * key, after three in a row. It is asked whether it is back by a call of its own, once a second, so that no request has to find
 * out.
 */
export function createUpstreamBreaker({ isReady, isOwn, now, onChange }: Options) {
  let broken = 0
  let probeAt = 0

  function changed(away: boolean): void {
    broken += away ? 1 : -1
    if (away) probeAt = now() + PROBE_MS
    if (broken === (away ? 1 : 0)) onChange(away)
  }
  const reach = createBreaker({ now, isNothing, isSilence: isAway, most: 1, onChange: changed })
  const work = createBreaker({
    now,
    isNothing,
    isSilence: hasFailed,
    most: MOST_FAILURES,
    onChange: changed,
  })

  const watch = <T>(call: () => Promise<T>): Promise<T> =>
    reach.watch(() => (isOwn ? call() : work.watch(call)))

  return {
    watch,
    /** Runs a call. @throws ServiceAway where the upstream is known to be away; else what `call` throws */
    guard<T>(call: () => Promise<T>): Promise<T> {
      if (broken === 0) return watch(call)
      if (now() >= probeAt) {
        probeAt = now() + PROBE_MS
        void watch(isReady).catch(() => {})
      }
      return Promise.reject(new ServiceAway('the upstream did not answer a moment ago'))
    },
    /** Asks now. Never throws. */
    async probe(): Promise<void> {
      await watch(isReady).catch(() => {})
    },
  }
}

/** Whether a failure says that nobody is there, or that the connection broke. */
export function isAway(error: unknown): boolean {
  return error instanceof TwohopError && error.code === 'host_unavailable'
}

/** Whether it says that what is there does not work. */
function hasFailed(error: unknown): boolean {
  return error instanceof TwohopError && (error.code === 'host_failed' || error.code === 'host_timeout')
}

/** Whether it says nothing of the upstream: whoever asked has gone, or the request's own time was over. */
function isNothing(error: unknown): boolean {
  return !(error instanceof TwohopError)
}
