import { parseJson } from '../../shared/parse-json.ts'
import {
  type Command,
  orUnavailable,
  scoredOf,
  type UpstashOptions,
  upstashClient,
} from '../../shared/upstash-client.ts'
import { PROMPTS_KEY } from '../store/redis-keys.ts'
import { PromptEntry, type PromptStore } from './prompts.ts'

type Options = UpstashOptions & {
  /** Milliseconds for which a prompt is kept. */
  keptMs: number
  /** Prompts that are kept at most. */
  most: number
  now: () => number
}

/** Prompts in Upstash Redis, over HTTP: a sorted set by time, each call one round trip. */
export function createUpstashPrompts({ keptMs, most, now, ...options }: Options): PromptStore {
  const redis = upstashClient(options)
  const asked = <T>(ask: () => Promise<T>) => orUnavailable(ask, 'The prompts cannot be read right now.')
  const old = (): Command => ['ZREMRANGEBYSCORE', PROMPTS_KEY, '-inf', now() - keptMs]
  return {
    keep: (entry) =>
      asked(() =>
        redis.transaction([
          ['ZADD', PROMPTS_KEY, now(), JSON.stringify(entry)],
          old(),
          ['ZREMRANGEBYRANK', PROMPTS_KEY, 0, -most - 1],
          // Where nothing is kept any more, all of it goes without the cron too.
          ['PEXPIRE', PROMPTS_KEY, keptMs],
        ]),
      ),
    forget: () => asked(async () => void (await redis.command(...old()))),
    latest: (count) =>
      asked(async () => {
        const reply = await redis.command('ZRANGE', PROMPTS_KEY, -count, -1, 'WITHSCORES')
        return scoredOf(reply)
          .map(({ member, score }) => ({ ...PromptEntry.parse(parseJson(member)), at: score }))
          .filter(({ at }) => at > now() - keptMs)
          .reverse()
      }),
  }
}
