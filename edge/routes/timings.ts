/** The times of a request's steps, for the header `server-timing` (w3.org/TR/server-timing). */
export type Timings = {
  /** Milliseconds, to be handed to `step`. */
  now(): number
  /** Notes a step that began at `since` and ends now. */
  step(name: string, since: number): void
  /** The header's value: every step so far, and the time since the beginning. */
  header(): string
}

/** @param now milliseconds of any clock that runs evenly */
export function createTimings(now: () => number): Timings {
  const began = now()
  let steps = ''
  const metric = (name: string, since: number) => `${name};dur=${(now() - since).toFixed(1)}`
  return {
    now,
    step(name, since) {
      steps += `${metric(name, since)},`
    },
    header: () => steps + metric('total', began),
  }
}
