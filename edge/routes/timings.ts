/** The times of a request's steps, for the header `server-timing` (w3.org/TR/server-timing). */
export type Timings = {
  /** Does a step, and notes the time that it took. One that fails is not noted. */
  time<T>(name: string, step: () => Promise<T>): Promise<T>
  /** The header's value: every step so far, and the time since the beginning. */
  header(): string
}

/** @param now milliseconds of any clock that runs evenly */
export function createTimings(now: () => number): Timings {
  const began = now()
  let steps = ''
  const metric = (name: string, since: number) => `${name};dur=${(now() - since).toFixed(1)}`
  return {
    async time(name, step) {
      const since = now()
      const outcome = await step()
      steps += `${metric(name, since)},`
      return outcome
    },
    header: () => steps + metric('total', began),
  }
}
