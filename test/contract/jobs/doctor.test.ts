import { afterEach, expect, it, vi } from 'vitest'
import { createUpstashJobs } from '../../../inference-host/jobs/upstash.ts'
import { twohop } from '../../fixtures/twohop-command.ts'
import { describeEachRedis } from '../budget/each-redis.ts'

const MODELS = ['twohop-chat', 'twohop-embed', 'twohop-classify']

afterEach(() => {
  vi.unstubAllEnvs()
})

describeEachRedis('twohop doctor', (redis) => {
  function stub() {
    vi.stubEnv('UPSTASH_REDIS_REST_URL', redis.local().url)
    vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', redis.local().token)
  }

  it('finds that nobody takes jobs, until a host looks for them', async () => {
    stub()
    const before = await twohop('doctor')
    expect(before).toMatchObject({ code: 1, err: 'twohop: 3 of 7 checks failed.\n' })
    expect(before.out).toMatch(
      /^FAIL jobs of twohop-chat: no host has looked for any ever.*HOST_JOBS_REDIS_URL/m,
    )
    const host = createUpstashJobs({ ...redis.local(), timeoutMs: 20_000, host: 'h', claimMs: 1000 })
    await host.claim(MODELS)
    expect(await twohop('doctor')).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse((await twohop('doctor', '--json')).out)).toContainEqual({
      check: 'jobs of twohop-chat',
      ok: true,
      detail: 'a host looks for them',
    })
  })

  it('says what it needs, and when Redis does not answer', async () => {
    vi.stubEnv('UPSTASH_REDIS_REST_URL', '')
    expect(await twohop('doctor')).toMatchObject({ code: 2 })
    stub()
    vi.stubEnv('UPSTASH_REDIS_REST_TOKEN', 'wrong')
    expect(await twohop('doctor')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^FAIL redis: Redis does not answer\./),
    })
  })
})
