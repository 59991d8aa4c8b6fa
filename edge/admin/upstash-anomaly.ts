import { fieldsOf, orUnavailable, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { anomalyRedisKey } from '../store/redis-keys.ts'

/** What an account's own use last scored; `at` and `challengedAt` in milliseconds since the epoch. */
export type AnomalyRecord = { score: number; why: string; at: number; challengedAt: number | undefined }

/** The last score of an account, but for its API keys; undefined where no plan has watched it lately. */
export type ReadAnomaly = (account: string) => Promise<AnomalyRecord | undefined>

/** Anomaly scores in Upstash Redis, over HTTP: one round trip. */
export function createUpstashAnomaly(options: UpstashOptions): ReadAnomaly {
  const redis = upstashClient(options)
  return (account) =>
    orUnavailable(async () => {
      const {
        score,
        why = '',
        at,
        challenged,
      } = fieldsOf(await redis.command('HGETALL', anomalyRedisKey(account)))
      if (score === undefined || at === undefined) return undefined
      const challengedAt = challenged === undefined ? undefined : Number(challenged)
      return { score: Number(score), why, at: Number(at), challengedAt }
    })
}
