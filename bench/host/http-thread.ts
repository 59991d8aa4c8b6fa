import type { HostUnderTest } from './hosts.ts'

/** Delays of a host's HTTP thread, in milliseconds. */
export type HttpThread = { livezMs: number[]; eventLoopP99Ms: number }

/** The pause between two probes, in milliseconds. */
const PAUSE_MS = 20

/** Watches a host's HTTP thread: requests /livez all the time, and reads the event loop's delay at the end. */
export async function watchHttpThread({ url, figures }: HostUnderTest) {
  // A reading resets the host's histogram.
  await figures()
  const livezMs: number[] = []
  let going = true
  const probing = (async () => {
    while (going) {
      const began = performance.now()
      await (await fetch(`${url}/livez`)).text()
      livezMs.push(performance.now() - began)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  })()
  // An error is thrown where the watch is stopped.
  probing.catch(() => {})
  return {
    async stop(): Promise<HttpThread> {
      going = false
      await probing
      const seconds = (await figures()).get('nodejs_eventloop_lag_p99_seconds') ?? Number.NaN
      return { livezMs, eventLoopP99Ms: seconds * 1000 }
    },
  }
}
