import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createUpstashJobs } from '../../../edge/jobs/upstash.ts'
import { createUpstashJobs as createHostJobs } from '../../../inference-host/jobs/upstash.ts'
import { RedisError } from '../../../local/redis/port.ts'
import { startRealRedis } from '../../../local/redis/real.ts'
import { startRestFront } from '../../../local/redis/rest.ts'
import { unreadLog } from '../../fixtures/log.ts'
import { noRedisServer, redisServer } from '../../fixtures/redis-server.ts'
import { request } from '../budget/each-redis.ts'

/** The rules that docs/jobs.md has for a host's Redis user. */
async function documentedRules(): Promise<string[]> {
  const page = await readFile(new URL('../../../docs/jobs.md', import.meta.url), 'utf8')
  const [, rules = ''] = /^ACL SETUSER host on '>secret' (.+)$/m.exec(page) ?? []
  return rules.replaceAll("'", '').split(' ')
}

it.skipIf(!redisServer)(
  `lets a host do all of its work as the Redis user of docs/jobs.md, and nothing else${noRedisServer}`,
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'twohop-test-'))
    const redis = await startRealRedis(redisServer as string, dir)
    const front = await startRestFront({ store: redis, token: 't' })
    const options = { url: front.url, token: 't', timeoutMs: 5000 }
    try {
      await redis.execute(['ZADD', 'twohop:jobs-served', '9e15', 'm'])
      const edge = createUpstashJobs({ ...options, log: unreadLog })
      for (const id of ['job_1', 'job_2']) {
        const now = Date.now()
        const record = { model: 'm', task: 'chat', path: '/v1/chat/completions', count: '1', token: 't' }
        const times = { created_at: String(now), deadline: String(now + 60_000) }
        const money = { plan: 'free', key: '', reserved_units: '10', prices: '{"prompt":1,"output":1}' }
        const taken = await edge.enqueue({
          reserve: request(id, { model: 'm' }),
          record: { ...record, ...times, ...money, state: 'queued' },
          deadline: now + 60_000,
          inputs: ['{}'],
          bytes: { held: 20_000, ofAccount: 100_000, ofAll: 100_000 },
        })
        expect(taken.granted).toBe(true)
      }
      await redis.execute(['ACL', 'SETUSER', 'host', 'reset', 'on', '>secret', ...(await documentedRules())])
      expect(await redis.execute(['AUTH', 'host', 'secret'])).not.toBeInstanceOf(RedisError)

      const host = createHostJobs({ ...options, host: 'h', claimMs: 60_000 })
      const use = { promptTokens: 1, outputTokens: 1, computeMs: 1 }
      const result = { json: '{"status":200,"body":{}}', failed: false }
      const first = await host.claim(['m'])
      expect(first?.id).toBe('job_1')
      if (!first) return
      expect(await host.report(first, 1, [{ index: 0, use, result }])).toBe('ok')
      expect(await host.end(first, 'done')).toBe('ok')
      const second = await host.claim(['m'])
      expect(second && (await host.release(second))).toBe('ok')

      for (const command of [
        ['HGETALL', 'twohop:account:firebase:ada'],
        ['HSET', 'twohop:account:firebase:ada', 'status', 'active'],
        ['HSET', 'twohop:budget:firebase:ada:day:2026-11-21', 'used', '0'],
        ['XADD', 'twohop:events', '*', 'a', 'b'],
        ['XRANGE', 'twohop:audit', '-', '+'],
        ['DEL', 'twohop:reservation:job_1'],
        ['EVAL', "return redis.call('HGETALL', 'twohop:key:k1')", '0'],
        ['KEYS', '*'],
        ['FLUSHALL'],
        ['CONFIG', 'GET', '*'],
        ['ACL', 'LIST'],
      ]) {
        const reply = await redis.execute(command)
        expect(reply, command.join(' ')).toBeInstanceOf(RedisError)
        expect((reply as RedisError).message, command.join(' ')).toMatch(/permission|can't access/i)
      }
    } finally {
      await front.stop()
      await redis.stop()
      await rm(dir, { recursive: true, force: true, maxRetries: 10 })
    }
  },
)
