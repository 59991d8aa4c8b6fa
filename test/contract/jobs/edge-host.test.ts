import { exportJWK, generateKeyPair } from 'jose'
import { expect, it } from 'vitest'
import { parseJob } from '../../../edge/jobs/parse.ts'
import { createSettleJobs } from '../../../edge/jobs/settle.ts'
import { createJobSigner } from '../../../edge/jobs/sign.ts'
import { createTakeIn } from '../../../edge/jobs/take-in.ts'
import { createUpstashJobs } from '../../../edge/jobs/upstash.ts'
import { importPublicKeys } from '../../../inference-host/admission/jwks.ts'
import { createUpstashJobs as createHostJobs } from '../../../inference-host/jobs/upstash.ts'
import { createVerifyJob } from '../../../inference-host/jobs/verify.ts'
import { entitleBy } from '../../fixtures/catalog.ts'
import { unreadLog } from '../../fixtures/log.ts'
import { principal } from '../../fixtures/principal.ts'
import { counters, describeEachRedis, events } from '../budget/each-redis.ts'

const ADA = 'firebase:demo:ada'
const HOUR = 3_600_000

describeEachRedis('a job between edge and host', (redis) => {
  /** Both hops with their real parts on Redis's own clock. */
  async function hops(claimMs = HOUR) {
    const { url, token } = redis.local()
    const options = { url, token, timeoutMs: 20_000 }
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
    const edge = createUpstashJobs({ ...options, log: unreadLog })
    // An idle host has looked for jobs, so there is one.
    await createHostJobs({ ...options, host: 'idle', claimMs }).claim(['twohop-chat'])
    const budget = redis.budget({ clock: () => 0 })
    const entitlement = entitleBy()(
      principal({ subject: 'ada', issuedAt: Math.floor(Date.now() / 1000), plan: 'pro' }),
    )
    const takeIn = createTakeIn({
      store: edge,
      budget,
      sign: createJobSigner({ ...(await exportJWK(privateKey)), kid: 'k1' }, Date.now),
      now: Date.now,
      jobTimeoutMs: 24 * HOUR,
      inputTimeoutMs: 120_000,
      inputBytes: 1_000_000,
      storeBytes: 100_000_000,
      log: unreadLog,
    })
    const chat = (content: string) => ({
      model: 'twohop-chat',
      messages: [{ role: 'user', content }],
      max_tokens: 9,
    })
    const work = parseJob({ endpoint: '/v1/chat/completions', inputs: ['a', 'b'].map(chat) }, entitlement)
    await takeIn({
      id: 'job_1',
      account: ADA,
      entitlement,
      work,
      idempotency: undefined,
      background: () => {},
    })
    const keys = await importPublicKeys(
      JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] }),
    )
    return {
      edge,
      settleDue: createSettleJobs({ budget, store: edge, notify: async () => {}, log: unreadLog }).settleDue,
      host: (name: string) => createHostJobs({ ...options, host: name, claimMs }),
      verify: createVerifyJob(keys),
    }
  }
  const finished = (index: number) => ({
    index,
    use: { promptTokens: 17, outputTokens: 3, computeMs: 5 },
    result: { json: `{"status":200,"body":{"n":${index}}}`, failed: false },
  })
  const today = () => `day:${new Date().toISOString().slice(0, 10)}`

  it('is what the edge has signed, done by the host and charged by the edge', async () => {
    const { edge, settleDue, host, verify } = await hops()
    const ours = host('one')
    const claimed = await ours.claim(['twohop-chat'])
    if (!claimed) return expect.fail('no job was given out')
    expect(await verify(claimed)).toMatchObject({
      id: 'job_1',
      account: ADA,
      path: '/v1/chat/completions',
      scope: 'chat',
      weight: 4,
      inputMs: 120_000,
      packs: true,
      inputs: [{ body: { max_tokens: 9, stream: false }, output_tokens: 9 }, { output_tokens: 9 }],
    })
    expect(await edge.get('job_1')).toMatchObject({ state: 'running' })
    expect(await settleDue()).toBe(0)
    await ours.report(claimed, 1, [finished(0), finished(1)])
    await ours.end(claimed, 'done')
    expect(await edge.read('job_1', -1, 9)).toMatchObject({
      job: { state: 'done', done: 2, failed: 0, prompt_tokens: 34, output_tokens: 6 },
      page: { results: [{ index: 0 }, { index: 1, status: 200, body: { n: 1 } }], more: false },
    })
    expect([await settleDue(), await settleDue()]).toEqual([1, 0])
    expect(await edge.get('job_1')).toMatchObject({ units: 34 + 4 * 6 })
    expect(await counters(redis, today(), ADA)).toMatchObject({ used: 58, held: 0 })
    expect(await events(redis)).toHaveLength(1)
  })

  it('is to have its vectors as numbers where an edge of the version before took it in', async () => {
    const { host, verify } = await hops()
    await redis.command('HDEL', 'twohop:job:job_1', 'room')
    const claimed = await host('one').claim(['twohop-chat'])
    if (!claimed) return expect.fail('no job was given out')
    expect(await verify(claimed)).toMatchObject({ packs: false })
  })

  it('is taken over from a host that died, and cancelled by the one that has it then', async () => {
    const { edge, settleDue, host } = await hops(0)
    const dead = await host('dead').claim(['twohop-chat'])
    if (!dead) return expect.fail('no job was given out')
    await host('dead').report(dead, 1, [finished(0)])
    expect(await edge.cancel('job_1', { account: ADA })).toMatchObject({ state: 'running', cancel: '1' })
    // Whoever takes over a job that shall end ends it.
    expect(await host('next').claim(['twohop-chat'])).toBeUndefined()
    expect(await host('dead').report(dead, 2, [finished(1)])).toBe('lost')
    expect(await settleDue()).toBe(1)
    expect(await edge.get('job_1')).toMatchObject({ state: 'cancelled', done: 1, units: 17 + 4 * 3 })
  })

  it("is no more a host's once its deadline passed", async () => {
    const { edge, settleDue, host } = await hops()
    const ours = host('slow')
    const claimed = await ours.claim(['twohop-chat'])
    if (!claimed) return expect.fail('no job was given out')
    await ours.report(claimed, 1, [finished(0)])
    await redis.command('ZADD', 'twohop:jobs-open', 1, 'job_1')
    expect(await settleDue()).toBe(1)
    expect(await ours.report(claimed, 2, [finished(1)])).toBe('lost')
    await ours.end(claimed, 'done')
    expect(await edge.get('job_1')).toMatchObject({ state: 'expired', done: 1, units: 29, settled: '1' })
    expect(await redis.command('HLEN', 'twohop:job:job_1:results')).toBe(1)
  })
})
