import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../../../local/redis/start.ts'
import type { Command } from '../../fixtures/host/enqueue.ts'

/** A Redis behind Upstash's REST protocol, and the variables with which a host takes jobs from it. */
export type JobsRedis = {
  command: Command
  variables: Record<string, string>
  stop(): Promise<void>
}

export async function startJobsRedis(): Promise<JobsRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'jobs-redis-'))
  const redis = await startRedis({ dir, prefer: process.env.CI ? 'redis-server' : 'auto' })
  return {
    variables: {
      HOST_JOBS_REDIS_URL: redis.url,
      HOST_JOBS_REDIS_TOKEN: redis.token,
      HOST_JOBS_POLL_SECONDS: '1',
    },
    async command<Result>(...words: (string | number)[]) {
      const answer = await fetch(redis.url, {
        method: 'POST',
        headers: { authorization: `Bearer ${redis.token}` },
        body: JSON.stringify(words),
      })
      const { result, error } = (await answer.json()) as { result: Result; error?: string }
      if (error !== undefined) throw new Error(error)
      return result
    },
    async stop() {
      await redis.stop()
      await rm(dir, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
