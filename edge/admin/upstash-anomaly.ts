import {
  listOf,
  orUnavailable,
  type Redis,
  scoredOf,
  type UpstashOptions,
  upstashClient,
} from '../../shared/upstash-client.ts'
import { MAX_API_KEYS } from '../api-keys/bounds.ts'
import { ANOMALY_PREFIX, apiKeysRedisKey, credentialOf, ODD_KEY } from '../store/redis-keys.ts'

/** What a credential's use last scored; `at` and `challengedAt` in milliseconds since the epoch. */
export type AnomalyRecord = { score: number; why: string; at: number; challengedAt: number | undefined }

/** A credential that was found: an API key, or all tokens of an account; when its score was last one to act on. */
export type Found = AnomalyRecord & { account: string; key: string | undefined; foundAt: number }

/** Reads anomaly scores. Each throws TwohopError `store_unavailable`. */
export type ReadAnomaly = {
  /** The last score of an account's own use; undefined where no plan has watched it lately. And those of its API keys. */
  of(account: string): Promise<{ own: AnomalyRecord | undefined; keys: (AnomalyRecord & { key: string })[] }>
  /**
   * Credentials of the accounts that `isMeant` says yes to that were found, the latest first: two round trips, one command
   * and then one for each.
   */
  found(most: number, isMeant: (account: string) => boolean): Promise<Found[]>
}

/** Anomaly scores in Upstash Redis, over HTTP. */
export function createUpstashAnomaly(options: UpstashOptions): ReadAnomaly {
  const redis = upstashClient(options)
  return {
    of: (account) =>
      orUnavailable(async () => {
        const [own, ids] = await Promise.all([
          recordOf(redis, credentialOf(account, '')),
          // Working keys, by their end.
          redis.command('ZRANGE', apiKeysRedisKey(account), 0, '+inf', 'BYSCORE', 'LIMIT', 0, MAX_API_KEYS),
        ])
        const keys = await Promise.all(
          listOf(ids).map(async (id) => ({
            key: String(id),
            score: await recordOf(redis, credentialOf('', String(id))),
          })),
        )
        return { own, keys: keys.flatMap(({ key, score }) => (score ? [{ key, ...score }] : [])) }
      }),
    found: (most, isMeant) =>
      orUnavailable(async () => {
        // All that are remembered, which are few: else those of one issuer would hide another's.
        const scored = scoredOf(await redis.command('ZRANGE', ODD_KEY, 0, -1, 'WITHSCORES'))
        // By when they were found: the first the longest ago.
        const names = scored.flatMap(({ member, score }) => namedOf(member, score))
        const meant = names.filter(({ account }) => isMeant(account)).slice(-most)
        const found = await Promise.all(meant.reverse().map((one) => foundOf(redis, one)))
        return found.flat()
      }),
  }
}

type Named = { account: string; key: string | undefined; foundAt: number }

/** The credential of a name in the list; none where it is no name. */
function namedOf(name: string, foundAt: number): Named[] {
  const [, key, account] = /^(?:account:|key:(\S+) )(.+)$/s.exec(name) ?? []
  return account === undefined ? [] : [{ account, key, foundAt }]
}

/** What is known of a credential that was found; none where its score was forgotten. */
async function foundOf(redis: Redis, named: Named): Promise<Found[]> {
  const record = await recordOf(redis, credentialOf(named.account, named.key ?? ''))
  return record ? [{ ...named, ...record }] : []
}

/** What is known of a credential; undefined where that is nothing. Calls of one tick share a round trip. */
async function recordOf(redis: Redis, credential: string): Promise<AnomalyRecord | undefined> {
  const reply = await redis.command(
    'HMGET',
    `${ANOMALY_PREFIX}${credential}`,
    'score',
    'why',
    'at',
    'challenged',
  )
  const [score, why, at, challenged] = listOf(reply)
  if (score === null || at === null) return undefined
  const challengedAt = challenged === null ? undefined : Number(challenged)
  return { score: Number(score), why: String(why ?? ''), at: Number(at), challengedAt }
}
