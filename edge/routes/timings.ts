import { NO_SPAN, type Span } from '../../shared/tracing/port.ts'
import { traced } from './step.ts'

/** The times of a request's steps, for the header `server-timing` (w3.org/TR/server-timing). */
export type Timings = {
  /**
   * Does a step, and notes the time that it took. One that fails is not noted.
   * @param step gets the step's own span
   */
  time<T>(name: string, step: (own: Span) => Promise<T>): Promise<T>
  /** The same of a step that makes a span itself. */
  timeAlone<T>(name: string, step: () => Promise<T>): Promise<T>
  /** The header's value: every step so far, and the time since the beginning. */
  header(): string
}

/**
 * @param now milliseconds of any clock that runs evenly
 * @param span of the request
 */
export function createTimings(now: () => number, span = NO_SPAN): Timings {
  const began = now()
  let steps = ''
  const metric = (name: string, since: number) => `${name};dur=${(now() - since).toFixed(1)}`

  async function timeAlone<T>(name: string, step: () => Promise<T>): Promise<T> {
    const since = now()
    const outcome = await step()
    steps += `${metric(name, since)},`
    return outcome
  }

  return {
    time: (name, step) => timeAlone(name, () => traced(span, name, step)),
    timeAlone,
    header: () => steps + metric('total', began),
  }
}
