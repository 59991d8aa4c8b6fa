import type { Wait } from '../../shared/wait.ts'
import { settledWithin } from '../../shared/within.ts'

type Options<Call, Reply> = {
  /** Sends calls in one request; resolves with what became of each, in their order. */
  send: (calls: readonly Call[]) => Promise<readonly PromiseSettledResult<Reply>[]>
  wait: Wait
  /** Waits for a task, for so many milliseconds at most; default settledWithin. */
  waitFor?: typeof settledWithin
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
  over: PromiseWithResolvers<void>
}

/**
 * Sends calls of several requests in groups. The first waits for others, then sends all that there are; the rest hear that
 * theirs are done. On Workers each goes on in its own request when another one resolves what it waits for
 * (`handle_cross_request_promise_resolution`, on by wrangler.toml's compatibility date), but never if that one ends before.
 *
 * So a call whose reply does not come in time, or whose sender is gone, is sent by its own request. It may arrive twice, and
 * its script must take effect only once.
 * @returns a function that resolves with the call's reply
 * @throws what `send` throws
 */
export function createGroupCommit<Call, Reply>({
  send,
  wait,
  waitFor = settledWithin,
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

  async function sendGroup(group: readonly Queued<Call, Reply>[]): Promise<void> {
    for (const queued of group) queued.taken = true
    const outcomes = await outcomesOf(group.map(({ call }) => call))
    for (const [i, queued] of group.entries()) {
      queued.outcome = outcomes[i]
      queued.over.resolve()
    }
  }

  async function sendAll(): Promise<void> {
    const groups: Promise<void>[] = []
    while (queue.length > 0) groups.push(sendGroup(queue.splice(0, most)))
    await Promise.all(groups)
  }

  return async function commit(call) {
    const own: Queued<Call, Reply> = {
      call,
      taken: false,
      outcome: undefined,
      over: Promise.withResolvers(),
    }
    const isFirst = queue.push(own) === 1
    if (isFirst) await wait(gatherMs)
    else await waitFor(gatherMs + replyMs, own.over.promise)
    if (!own.taken) await sendAll()
    // Another took it while this request's timer was late.
    else if (isFirst && !own.outcome) await waitFor(replyMs, own.over.promise)
    const outcome = own.outcome ?? (await outcomesOf([call]))[0]
    if (outcome?.status === 'fulfilled') return outcome.value
    throw outcome?.reason
  }
}
