import { jobKey, jobResultsKey } from '../../shared/jobs/record.ts'
import { scriptCall } from '../../shared/redis-script.ts'
import { orUnavailable, runScript, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { READ_JOB } from './read.lua.ts'
import type { ResultStore } from './results.ts'

/** Results of jobs where hosts write them, in Upstash Redis. Each call is one round trip. */
export function createUpstashResults(options: UpstashOptions): ResultStore {
  const redis = upstashClient(options)
  return {
    put: ({ id, until }, results) =>
      orUnavailable(async () => {
        const key = jobResultsKey(id)
        await redis.transaction([
          ...results.map(({ index, json }) => ['HSETNX', key, index, json]),
          ['PEXPIREAT', key, until],
        ])
        return true
      }),
    page: ({ id }, after, most) =>
      orUnavailable(async () => {
        const call = scriptCall(READ_JOB, [jobKey(id), jobResultsKey(id)], [after, most])
        const [, more, ...words] = (await runScript(redis, call)) as unknown[]
        const results = words.flatMap((word, i) =>
          i % 2 === 0 ? [{ index: Number(word), json: String(words[i + 1]) }] : [],
        )
        return { results, more: more === 1 }
      }),
  }
}
