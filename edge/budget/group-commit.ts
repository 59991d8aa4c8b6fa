import type { Wait } from '../../shared/wait.ts'

type Options<Call, Reply> = {
  /** Sends calls in one request; resolves with what became of each, in their order. */
  send: (calls: readonly Call[]) => Promise<readonly PromiseSettledResult<Reply>[]>
  wait: Wait
  /** Milliseconds for which a call waits for others. */
  gatherMs: number
  /** Milliseconds for which a call that another request has sent is waited for. */
  replyMs: number
  /** The most calls in a group; default 100, of some 600 bytes each. */
  most?: number
}

/** A call on its way. Nothing of a request is in it but its text, since requests of an isolate may share no I/O. */
type Queued<Call, Reply> = {
  call: Call
  taken: boolean
  outcome: PromiseSettledResult<Reply> | undefined
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
export function createGroupCommit<Call, Reply>({
  send,
  wait,
  gatherMs,
  replyMs,
  most = 100,
}: Options<Call, Reply>): (call: Call) => Promise<Reply> {
  const queue: Queued<Call, Reply>[] = []

  async function outcomesOf(calls: readonly Call[]): Promise<readonly PromiseSettledResult<Reply>[]> {
    try {
      return await send(calls)
    } catch (reason) {
      return calls.map(() => ({ status: 'rejected', reason }))
    }
  }

  async function sendGroup(): Promise<void> {
    const group = queue.splice(0, most)
    for (const queued of group) queued.taken = true
    const outcomes = await outcomesOf(group.map(({ call }) => call))
    for (const [i, queued] of group.entries()) queued.outcome = outcomes[i]
  }

  return async function commit(call) {
    const own: Queued<Call, Reply> = { call, taken: false, outcome: undefined }
    queue.push(own)
    await wait(gatherMs)
    while (!own.taken && queue.length > 0) await sendGroup()
    let look = FIRST_LOOK_MS
    for (let waited = 0; own.outcome === undefined && waited < replyMs; waited += look, look *= 2)
      await wait(look)
    const outcome = own.outcome ?? (await outcomesOf([call]))[0]
    if (outcome?.status === 'fulfilled') return outcome.value
    throw outcome?.reason
  }
}
