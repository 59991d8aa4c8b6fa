import { parseJson } from '../../shared/parse-json.ts'
import {
  type Command,
  orUnavailable,
  scoredOf,
  type UpstashOptions,
  upstashClient,
} from '../../shared/upstash-client.ts'
import { PROMPTS_KEY } from '../store/redis-keys.ts'
import { type KeptPrompt, PromptEntry, type PromptStore } from './prompts.ts'

type Options = UpstashOptions & {
  /** Milliseconds for which a prompt is kept. */
  keptMs: number
  /** Prompts that are kept at most. */
  most: number
  now: () => number
}

/**
 * The most prompts that one round trip reads. Each has 8192 characters at most (edge/guard/keep-prompt.ts), which take 32 kB as
 * JSON within JSON where every one is escaped: less than half of what is read of an answer (shared/upstash-client.ts).
 */
const PAGE = 1000

/**
 * Prompts in Upstash Redis, over HTTP: a sorted set by time. Each call is one round trip; one that reads many prompts is one for
 * each thousand.
 */
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
        // By what is kept: where new ones come meanwhile, the next page begins with some of this one.
        const found = new Map<string, KeptPrompt>()
        for (let first = 0, whole = true; whole && first < count; first += PAGE) {
          const size = Math.min(PAGE, count - first)
          const reply = await redis.command('ZRANGE', PROMPTS_KEY, -first - size, -first - 1, 'WITHSCORES')
          const page = scoredOf(reply).reverse()
          for (const { member, score } of page)
            found.set(member, { ...PromptEntry.parse(parseJson(member)), at: score })
          whole = page.length === size
        }
        return [...found.values()].filter(({ at }) => at > now() - keptMs)
      }),
  }
}
