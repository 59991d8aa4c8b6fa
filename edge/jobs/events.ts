import { hasEnded } from '../../shared/jobs/record.ts'
import type { Wait } from '../../shared/wait.ts'
import { type Job, progressOf, shownJob } from './job.ts'

type Options = {
  /** The job as it is now; undefined where it no longer exists. */
  read: () => Promise<Job | undefined>
  wait: Wait
  now: () => number
  /** Milliseconds since the epoch at which the stream ends, whatever the job does. */
  until: number
  /** Called with the error when the job could not be read. */
  failed: (error: unknown) => void
}

/** Waits between two reads of the job, in ms: each half as long again as the last, some 20 reads in two minutes. */
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000
/** When a client whose stream ended early should come again, in milliseconds. */
const RETRY_MS = 3000

const utf8 = new TextEncoder()

/**
 * A job's progress as server-sent events (HTML standard, section 9.2): `progress` at first and whenever it changes,
 * `end` with the whole job when it has ended. If the stream must end before the job does, or cannot read it, it says
 * when to come again (`retry`). Nothing is read for a client that has gone.
 */
export function jobEvents({ read, wait, now, until, failed }: Options): ReadableStream<Uint8Array> {
  let waitMs = 0
  let told = ''
  let gone = false

  /** The next read of the job as text. Where nothing changed it is a comment, which also keeps the connection alive. */
  async function look(): Promise<{ text: string; last: boolean }> {
    const job = await read()
    if (!job) return { text: '', last: true }
    const progress = event('progress', progressOf(job))
    const news = progress === told ? ': unchanged\n\n' : progress
    told = progress
    const ended = hasEnded(job.state)
    return { text: ended ? `${news}${event('end', shownJob(job))}` : news, last: ended }
  }

  return new ReadableStream({
    async pull(controller) {
      await wait(Math.min(waitMs, Math.max(0, until - now())))
      if (gone) return
      waitMs = Math.min(LONGEST_WAIT_MS, waitMs === 0 ? FIRST_WAIT_MS : waitMs * 1.5)
      const comeAgain = { text: `retry: ${RETRY_MS}\n\n`, last: true }
      const later = (error: unknown) => {
        failed(error)
        return comeAgain
      }
      const { text, last } = told !== '' && now() >= until ? comeAgain : await look().catch(later)
      if (gone) return
      controller.enqueue(utf8.encode(text))
      if (last) controller.close()
    },
    cancel() {
      gone = true
    },
  })
}

const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
