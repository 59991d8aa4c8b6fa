import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How late this thread's event loop ran its timers, in seconds. */
export type Delay = { p50: number; p99: number; max: number }

export type EventLoopWatch = {
  /** The delay since it was last read; zeros where nothing was measured in between. */
  read(): Delay
  close(): void
}

type Monitor = Pick<
  ReturnType<typeof monitorEventLoopDelay>,
  'enable' | 'disable' | 'reset' | 'percentile' | 'max' | 'count'
>

/** How often the delay is sampled, in milliseconds. */
const RESOLUTION = 10

/**
 * Watches the event loop of the calling thread. Node's histogram holds, in nanoseconds, the time from one sample to the
 * next, so the interval itself is taken off. Each reading starts it anew, so two readers would each get only a part.
 */
export function watchEventLoop(
  monitor: Monitor = monitorEventLoopDelay({ resolution: RESOLUTION }),
): EventLoopWatch {
  monitor.enable()
  const delay = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION) / 1e3

  return {
    read() {
      // An empty histogram does not give zeros, but values such as the greatest integer.
      if (monitor.count === 0) return { p50: 0, p99: 0, max: 0 }
      const read = {
        p50: delay(monitor.percentile(50)),
        p99: delay(monitor.percentile(99)),
        max: delay(monitor.max),
      }
      monitor.reset()
      return read
    },
    close: () => void monitor.disable(),
  }
}
