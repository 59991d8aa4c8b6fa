import type { Api } from '../api/api.ts'
import { eventsOf } from '../api/events.ts'
import { Progress } from '../api/shapes.ts'

/** Milliseconds until a stream that ended before its job is asked for again; the edge ends each after its time. */
const AGAIN_MS = 3000

type Options = {
  signal: AbortSignal
  onProgress: (progress: Progress) => void
  /** Called when the job has ended. */
  onEnd: () => void
  wait?: (ms: number) => Promise<unknown>
}

/**
 * Follows a job by its events until it has ended, or `signal` says so. What cannot be followed is left to whoever looks at the
 * list. Never throws.
 */
export async function followJob(api: Pick<Api, 'send'>, id: string, options: Options): Promise<void> {
  const { signal, wait = (ms) => new Promise((done) => setTimeout(done, ms)) } = options
  while (!signal.aborted) {
    const ended = await oneStream(api, id, options).catch(() => undefined)
    if (ended !== false) return
    await wait(AGAIN_MS)
  }
}

/** Whether the job has ended; undefined where it cannot be followed. */
async function oneStream(api: Pick<Api, 'send'>, id: string, { signal, onProgress, onEnd }: Options) {
  const answer = await api.send(`/v1/jobs/${encodeURIComponent(id)}/events`, { signal })
  if (!answer.ok || !answer.body) return undefined
  for await (const { name, data } of eventsOf(answer.body)) {
    if (signal.aborted) return undefined
    const read = Progress.safeParse(JSON.parse(data))
    if (read.success) onProgress(read.data)
    if (name !== 'end') continue
    onEnd()
    return true
  }
  return false
}
