import { fieldsOf, orUnavailable, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { anomalyRedisKey } from '../store/redis-keys.ts'

/** What the use of a credential last scored; `at` and `challengedAt` in milliseconds since the epoch. */
export type AnomalyRecord = { score: number; why: string; at: number; challengedAt: number | undefined }

/** A credential's last score: of an API key, or of an account by its tokens. */
export type Scored = AnomalyRecord & { key: string | undefined }

/** The last scores of an account's tokens and of these API keys, but for those that no plan has watched lately. */
export type ReadAnomalies = (account: string, keys: readonly string[]) => Promise<Scored[]>

/** Anomaly scores in Upstash Redis, over HTTP: one round trip. */
export function createUpstashAnomaly(options: UpstashOptions): ReadAnomalies {
  const redis = upstashClient(options)
  async function read(account: string, key: string | undefined): Promise<Scored[]> {
    const record = recordOf(fieldsOf(await redis.command('HGETALL', anomalyRedisKey(account, key))))
    return record ? [{ ...record, key }] : []
  }
  return (account, keys) =>
    orUnavailable(async () =>
      (await Promise.all([undefined, ...keys].map((key) => read(account, key)))).flat(),
    )
}

function recordOf({ score, why = '', at, challenged }: Record<string, string>): AnomalyRecord | undefined {
  if (score === undefined || at === undefined) return undefined
  const challengedAt = challenged === undefined ? undefined : Number(challenged)
  return { score: Number(score), why, at: Number(at), challengedAt }
}
