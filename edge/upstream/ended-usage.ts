import { MOST_ASKED } from '../../shared/usage.ts'
import type { Wait } from '../../shared/wait.ts'
import { createGroupCommit } from '../budget/group-commit.ts'
import type { HostUsage, UpstreamCaller } from './port.ts'

/** A request that has ended, of which nobody here has seen a word. */
export type Asked = Parameters<UpstreamCaller['usage']>[0]

type Options = {
  /** Asks the host about several requests in one call; resolves with those that it knows, by their ids. */
  askAll: (asked: readonly [Asked, ...Asked[]]) => Promise<ReadonlyMap<string, HostUsage>>
  /** Asks about one, in a call of its own. */
  askAlone: UpstreamCaller['cancel']
  wait: Wait
  /** Milliseconds for which a question waits for others; default 10. */
  gatherMs?: number
  /** Milliseconds for which a question that another request has asked is waited for; default 2000. */
  replyMs?: number
}

/**
 * What ended requests were. Those that end together are asked about in one call, made by one of them. Where that fails, as
 * with a host of an earlier version, each asks by itself.
 */
export function createEndedUsage({
  askAll,
  askAlone,
  wait,
  gatherMs = 10,
  replyMs = 2000,
}: Options): UpstreamCaller['usage'] {
  async function send(
    asked: readonly Asked[],
  ): Promise<readonly PromiseSettledResult<HostUsage | undefined>[]> {
    const [first, ...rest] = asked
    if (!first) return []
    const known = await askAll([first, ...rest])
    return asked.map(({ requestId }) => ({ status: 'fulfilled', value: known.get(requestId) }))
  }
  const ask = createGroupCommit({ send, wait, gatherMs, replyMs, most: MOST_ASKED })

  return async function usage(asked) {
    try {
      return await ask(asked)
    } catch {
      return askAlone(asked)
    }
  }
}
