import type { ScriptCall } from '../../shared/redis-script.ts'
import type { RunScript } from '../../shared/upstash-scripts.ts'
import type { Wait } from '../../shared/wait.ts'

type Options = {
  /** Sends one call. Calls sent in one tick must share a request. */
  send: RunScript
  wait: Wait
  /** Milliseconds for which a call waits for others. */
  gatherMs: number
  /** Milliseconds for which a call that another request has sent is waited for. */
  replyMs: number
  /** The most calls in a group; default 100, of some 600 bytes each. */
  most?: number
}

/** A call on its way. Nothing of a request is in it but its text, since requests of an isolate may share no I/O. */
type Queued = {
  call: ScriptCall
  taken: boolean
  outcome: { reply: unknown } | { error: unknown } | undefined
}

/** Milliseconds until a reply that another request waits for is first looked for; each time after that, twice as many. */
const FIRST_LOOK_MS = 5

/**
 * Sends calls of several requests in groups. A call waits for others; then whoever waited first sends all that there are,
 * and the rest see that theirs are done. On Workers a request cannot wait for what another one does, so each has timers of
 * its own and looks.
 *
 * A call whose reply does not come in time, or whose sender is gone, is sent by its own request. So a call may arrive
 * twice, and its script must take effect only once.
 * @returns a function that resolves with the call's reply
 * @throws what `send` throws
 */
export function createGroupCommit({ send, wait, gatherMs, replyMs, most = 100 }: Options): RunScript {
  const queue: Queued[] = []

  async function sendGroup(): Promise<void> {
    const group = queue.splice(0, most)
    for (const queued of group) queued.taken = true
    await Promise.all(
      group.map(async (queued) => {
        queued.outcome = await send(queued.call).then(
          (reply) => ({ reply }),
          (error: unknown) => ({ error }),
        )
      }),
    )
  }

  return async function commit(call) {
    const own: Queued = { call, taken: false, outcome: undefined }
    queue.push(own)
    await wait(gatherMs)
    while (!own.taken && queue.length > 0) await sendGroup()
    let look = FIRST_LOOK_MS
    for (let waited = 0; own.outcome === undefined && waited < replyMs; waited += look, look *= 2)
      await wait(look)
    if (own.outcome === undefined) return send(call)
    if ('error' in own.outcome) throw own.outcome.error
    return own.outcome.reply
  }
}
