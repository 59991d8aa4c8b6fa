import { TwohopError } from '../../shared/errors.ts'

/**
 * Runs a call whose answer must begin in time. What has begun may take longer: then only `signal` ends it.
 * @param ms milliseconds; undefined for no bound
 * @throws TwohopError host_timeout where it is late; whatever `call` throws
 */
export async function inTime<T>(
  ms: number | undefined,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (ms === undefined) return call(signal)
  const own = new AbortController()
  const timer = setTimeout(() => own.abort(), ms)
  try {
    return await call(AbortSignal.any([signal, own.signal]))
  } catch (error) {
    if (own.signal.aborted && !signal.aborted)
      throw new TwohopError('host_timeout', 'The model did not begin its answer in time.', { cause: error })
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Waits as `pause` does. A test gives its own. */
export type Pause = typeof pause

/** Waits. @throws the signal's reason where it aborts before or meanwhile */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
