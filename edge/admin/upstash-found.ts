import { listOf, orUnavailable, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { ODD_KEY } from '../store/redis-keys.ts'
import { type Scored, scoreOf } from './upstash-anomaly.ts'

/** A credential that was found: an API key, or all tokens of an account; when its score was last one to act on. */
export type Found = Scored & { account: string; foundAt: number }

/** Credentials that were found, the latest first: two round trips, one command and then one for each. */
export type ReadFound = (most: number) => Promise<Found[]>

/** Those that the step that reserves has found, in Upstash Redis, over HTTP. */
export function createUpstashFound(options: UpstashOptions): ReadFound {
  const redis = upstashClient(options)

  /** What is known of it; none where its score was forgotten. */
  async function found(name: string, foundAt: number): Promise<Found[]> {
    const [, key, account] = /^(?:account:|key:(\S+) )(.+)$/s.exec(name) ?? []
    const record = account && (await scoreOf(redis, account, key))
    return record ? [{ account, key, foundAt, ...record }] : []
  }

  return (most) =>
    orUnavailable(async () => {
      const words = listOf(await redis.command('ZRANGE', ODD_KEY, -most, -1, 'WITHSCORES')).map(String)
      // The first was found the longest ago. Each has its time after it.
      const all = words.flatMap((name, i) => (i % 2 === 0 ? [found(name, Number(words[i + 1]))] : []))
      return (await Promise.all(all.reverse())).flat()
    })
}
