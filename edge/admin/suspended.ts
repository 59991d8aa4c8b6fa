import type { ApiKeyStore } from '../api-keys/port.ts'
import { SCORE_ACTOR } from '../budget/anomaly.ts'
import type { Spender } from '../budget/port.ts'
import { createFollow, type FollowOptions } from './follow.ts'

type Options = FollowOptions & { apiKeys: Pick<ApiKeyStore, 'get'> }

/**
 * What follows where a score has suspended an account (edge/budget/anomaly.lua.ts): its jobs end and its issuer is told, as
 * where an administrator does it.
 */
export function createAfterSuspension({ apiKeys, ...options }: Options) {
  const follow = createFollow(options)

  /** @param why the signs of the score. Never throws. */
  return async function suspended(spender: Spender, why: string): Promise<void> {
    try {
      const target = 'key' in spender ? (await apiKeys.get(spender.key))?.account : spender.account
      if (target === undefined) return
      const detail = 'key' in spender ? { by_key: spender.key } : {}
      await follow.suspended({ actor: SCORE_ACTOR, action: 'account.suspend', target, reason: why, detail })
    } catch (error) {
      await options.log('error', 'suspension_not_followed', { error })
    }
  }
}
