import {
  listOf,
  orUnavailable,
  type Redis,
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
  /** Credentials that were found, the latest first: two round trips, one command and then one for each. */
  found(most: number): Promise<Found[]>
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
    found: (most) =>
      orUnavailable(async () => {
        const reply = listOf(await redis.command('ZRANGE', ODD_KEY, -most, -1, 'WITHSCORES')).map(String)
        // The first was found the longest ago. Each has its time after it.
        const names = reply.flatMap((name, i) =>
          i % 2 === 0 ? [{ name, foundAt: Number(reply[i + 1]) }] : [],
        )
        const found = await Promise.all(names.reverse().map((one) => foundOf(redis, one)))
        return found.flat()
      }),
  }
}

/** What is known of a credential that was found; none where its score was forgotten. */
async function foundOf(redis: Redis, { name, foundAt }: { name: string; foundAt: number }): Promise<Found[]> {
  const [, key, account] = /^(?:account:|key:(\S+) )(.+)$/s.exec(name) ?? []
  if (account === undefined) return []
  const record = await recordOf(redis, credentialOf(account, key ?? ''))
  return record ? [{ account, key, foundAt, ...record }] : []
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
