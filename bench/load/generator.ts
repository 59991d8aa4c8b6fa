import { startPart } from '../../local/part.ts'
import type { LoadResult, Order } from './closed-loop.ts'

export type LoadGenerator = {
  pid: number
  /** One run. @throws Error where the target answers nothing as expected, or `signal` is aborted */
  run(order: Order, signal: AbortSignal): Promise<LoadResult>
  stop(): Promise<void>
}

/** Starts the load generator as a process of its own. */
export async function startLoadGenerator(signal?: AbortSignal): Promise<LoadGenerator> {
  const part = await startPart<{ url: string }>(new URL('main.ts', import.meta.url), { signal })
  return {
    pid: part.pid,
    async run(order, stop) {
      const answer = await fetch(part.ready.url, {
        method: 'POST',
        // A connection of its own: the other side may just be closing an idle one.
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(order),
        signal: stop,
      })
      if (!answer.ok) throw new Error(await answer.text())
      return (await answer.json()) as LoadResult
    },
    stop: part.stop,
  }
}
