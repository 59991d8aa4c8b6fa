import { describe, expect, it } from 'vitest'
import { type ClaimedJob, type Finished, TooLarge } from '../../../inference-host/jobs/port.ts'
import { createUpstashJobs } from '../../../inference-host/jobs/upstash.ts'
import {
  JOB_KEYS,
  JOB_RESULTS_KEPT_MS,
  jobInputsKey,
  jobKey,
  jobResultsKey,
  jobStreamKey,
  jobsOfKey,
} from '../../../shared/jobs/record.ts'
import { enqueue, jobOf, type WantedJob } from '../../fixtures/host/enqueue.ts'
import { createSigner } from '../../fixtures/host/signer.ts'
import { describeEachRedis } from '../budget/each-redis.ts'

const signer = await createSigner()
const CHAT = { model: 'chat', path: '/v1/chat/completions', scope: 'chat' }
const NEVER_MS = 3_600_000

describeEachRedis('jobs in the store', (redis) => {
  const { command } = redis
  let hosts = 0
  /** A host whose claims on others' jobs begin `claimMs` after their last renewal. */
  function host(claimMs = NEVER_MS) {
    const { url, token } = redis.local()
    return createUpstashJobs({ url, token, timeoutMs: 20_000, host: `host-${hosts++}`, claimMs })
  }
  const add = (id: string, wanted: Partial<WantedJob> = {}) =>
    enqueue(command, signer, { id, ...CHAT, bodies: [{ n: 0 }, { n: 1 }, { n: 2 }], ...wanted })

  function claimed(job: ClaimedJob | undefined): ClaimedJob {
    if (job === undefined) throw new Error('no job was claimed')
    return job
  }

  const result = (index: number, more: Partial<Finished> = {}): Finished => ({
    index,
    use: { promptTokens: 5, outputTokens: 7, computeMs: 11 },
    result: { json: `{"status":200,"body":{"n":${index}}}`, failed: false },
    ...more,
  })

  /** Which entries wait and which are handed out. */
  async function streamed(model = 'chat') {
    const [pending] = await command<[number]>('XPENDING', jobStreamKey(model), 'hosts')
    return { entries: await command<number>('XLEN', jobStreamKey(model)), pending }
  }

  async function expectEnded(id: string, state: string) {
    expect((await jobOf(command, id)).record).toMatchObject({
      state,
      ended_at: expect.stringMatching(/^\d+$/),
    })
    expect(await command('EXISTS', jobInputsKey(id))).toBe(0)
    for (const key of [JOB_KEYS.open, jobsOfKey('account-1')])
      expect(await command('ZSCORE', key, id), key).toBeNull()
    expect(Number(await command('ZSCORE', JOB_KEYS.ended, id))).toBeGreaterThan(Date.now() - 60_000)
    expect(await streamed()).toEqual({ entries: 0, pending: 0 })
    const left = await command<number>('PTTL', jobKey(id))
    expect(left).toBeGreaterThan(JOB_RESULTS_KEPT_MS - 60_000)
    expect(left).toBeLessThanOrEqual(JOB_RESULTS_KEPT_MS)
  }

  describe('claim', () => {
    it('gives the oldest job of the models asked for, whole, and each once', async () => {
      const ours = host()
      expect(await ours.claim(['chat', 'other'])).toBeUndefined()
      expect(await command('EXISTS', jobStreamKey('chat'))).toBe(0)
      await add('one')
      await add('two')
      await add('three', { model: 'other' })
      const first = claimed(await ours.claim(['none', 'chat', 'other']))
      expect(first).toMatchObject({ id: 'one', model: 'chat', takenOver: false })
      expect(first.record).toMatchObject({ state: 'running', count: '3', claim: first.claim })
      expect(Number(first.record.started_at)).toBeGreaterThan(Date.now() - 60_000)
      expect([...first.inputs.keys()].toSorted()).toEqual([0, 1, 2])
      expect(JSON.parse(first.inputs.get(2) ?? '')).toMatchObject({ body: { n: 2 }, prompt_tokens: 1000 })
      expect(first.done.size).toBe(0)
      expect(await host().claim(['other'])).toMatchObject({ id: 'three', model: 'other' })
      expect(await host().claim(['chat', 'other'])).toMatchObject({ id: 'two' })
      expect(await host().claim(['chat', 'other'])).toBeUndefined()
    })

    it('says until when it will look again, also while it works', async () => {
      const until = async (model: string) =>
        Number(await command('ZSCORE', JOB_KEYS.served, model)) - Date.now()
      await add('one')
      const job = claimed(await host().claim(['chat', 'other']))
      for (const model of ['chat', 'other']) {
        expect(await until(model)).toBeGreaterThan(100_000)
        expect(await until(model)).toBeLessThanOrEqual(150_000)
      }
      await command('ZADD', JOB_KEYS.served, 1, 'chat')
      await host().report(job, 1, [])
      expect(await until('chat')).toBeGreaterThan(100_000)
      expect(await until('none')).toBeLessThan(0)
      expect(await command('PTTL', JOB_KEYS.served)).toBeGreaterThan(0)
    })

    it('gives a job whose claim has lapsed to another, with what has a result, and not before', async () => {
      await add('one')
      const first = claimed(await host().claim(['chat']))
      const started = first.record.started_at
      expect(await host().report(first, 1, [result(1)])).toBe('ok')
      expect(await host().claim(['chat'])).toBeUndefined()
      const second = claimed(await host(0).claim(['chat']))
      expect(second).toMatchObject({ id: 'one', takenOver: true })
      expect(second.record.started_at).toBe(started)
      expect([...second.done]).toEqual([1])
      expect(second.claim).not.toBe(first.claim)
      expect(await host().report(first, 2, [result(0)])).toBe('lost')
      expect(await host().end(first, 'done')).toBe('lost')
      expect(await host().release(first)).toBe('lost')
      expect((await jobOf(command, 'one')).record).toMatchObject({ done: '1', state: 'running' })
      expect(await host().report(second, 1, [result(0)])).toBe('ok')
    })

    it('ends a job that no host gets on with, after five of them, and counts anew with each result', async () => {
      await add('one')
      for (let i = 0; i < 5; i++) expect(await host(0).claim(['chat'])).toMatchObject({ id: 'one' })
      const last = claimed(await host(0).claim(['chat']))
      expect(last).toMatchObject({ takenOver: true, record: { takeovers: '5' } })
      expect(await host().report(last, 1, [result(0)])).toBe('ok')
      for (let i = 0; i < 5; i++)
        expect(await host(0).claim(['chat'])).toMatchObject({ id: 'one', takenOver: true })
      expect(await host(0).claim(['chat'])).toBeUndefined()
      await expectEnded('one', 'failed')
    })

    it('finds a lapsed claim behind many that have not', async () => {
      for (let i = 0; i < 25; i++) await add(`job-${i}`)
      const lively = host()
      const jobs: ClaimedJob[] = []
      for (let i = 0; i < 25; i++) jobs.push(claimed(await lively.claim(['chat'])))
      const last = claimed(jobs.at(-1))
      await command(
        'XCLAIM',
        jobStreamKey('chat'),
        'hosts',
        'host',
        0,
        last.entry,
        'IDLE',
        2 * NEVER_MS,
        'JUSTID',
      )
      expect(await host().claim(['chat'])).toMatchObject({ id: last.id, takenOver: true })
      expect(await host().claim(['chat'])).toBeUndefined()
    })

    it('deletes entries of jobs that are no more, that have ended, or that wait twice', async () => {
      await command('XADD', jobStreamKey('chat'), '*', 'job', 'nothing')
      await command('XADD', jobStreamKey('chat'), '*', 'other', 'word')
      await add('ended')
      await command('HSET', jobKey('ended'), 'state', 'cancelled')
      await add('one')
      await command('XADD', jobStreamKey('chat'), '*', 'job', 'one')
      expect(await host().claim(['chat'])).toMatchObject({ id: 'one' })
      expect(await host().claim(['chat'])).toBeUndefined()
      expect(await streamed()).toEqual({ entries: 1, pending: 1 })
    })

    it('ends what is cancelled or too late', async () => {
      await add('late', { lastsMs: -1 })
      expect(await host().claim(['chat'])).toBeUndefined()
      await expectEnded('late', 'expired')
      await add('unwanted')
      await command('HSET', jobKey('unwanted'), 'cancel', '1')
      expect(await host().claim(['chat'])).toBeUndefined()
      await expectEnded('unwanted', 'cancelled')
    })

    it('is one command for any number of models', async () => {
      await host().claim(['chat'])
      const before = await redis.requests()
      await host().claim(['chat', 'other', 'third'])
      expect((await redis.requests()) - before).toBe(1)
    })
  })

  describe('report', () => {
    it('tells what the store takes no more of from a store that is away', async () => {
      await add('one')
      const job = claimed(await host().claim(['chat']))
      const words = 'max request size exceeded '
      const large = result(0, { result: { json: words.repeat(2 ** 19), failed: false } })
      await expect(host().report(job, 1, [large])).rejects.toBeInstanceOf(TooLarge)
      expect(await host().report(job, 2, [result(0)])).toBe('ok')
      const named = result(1, { result: { json: words, failed: false } })
      const wrong = createUpstashJobs({
        ...redis.local(),
        token: 'wrong',
        timeoutMs: 20_000,
        host: 'h',
        claimMs: NEVER_MS,
      })
      await expect(wrong.report(job, 3, [named])).rejects.not.toBeInstanceOf(TooLarge)
    })

    it('takes results and use once, whatever is sent again', async () => {
      await add('one')
      const job = claimed(await host().claim(['chat']))
      const failed = result(2, { result: { json: '{"status":400,"body":{}}', failed: true } })
      expect(await host().report(job, 1, [result(0), failed])).toBe('ok')
      const sums = { prompt_tokens: '10', output_tokens: '14', compute_ms: '22' }
      expect((await jobOf(command, 'one')).record).toMatchObject({ done: '2', failed: '1', ...sums })
      // The same report, and another of an input that has a result.
      const other = result(0, { result: { json: '{"status":200,"body":"other"}', failed: false } })
      expect(await host().report(job, 1, [result(0), failed, result(1)])).toBe('ok')
      expect(await host().report(job, 2, [other])).toBe('ok')
      const { record, results } = await jobOf(command, 'one')
      expect(record).toMatchObject({ done: '2', failed: '1', ...sums })
      expect([...results.keys()].toSorted()).toEqual([0, 2])
      expect(results.get(0)?.body).toEqual({ n: 0 })
      const left = await command<number>('PTTL', jobResultsKey('one'))
      expect(left).toBeGreaterThan(JOB_RESULTS_KEPT_MS)
      expect(left).toBeLessThanOrEqual(JOB_RESULTS_KEPT_MS + 600_000)
    })

    it('counts what was used for no result, once', async () => {
      await add('one')
      const job = claimed(await host().claim(['chat']))
      const { index, use } = result(0)
      for (let again = 0; again < 2; again++) expect(await host().report(job, 1, [{ index, use }])).toBe('ok')
      const { record, results } = await jobOf(command, 'one')
      expect(record).toMatchObject({ done: '0', failed: '0', prompt_tokens: '5', output_tokens: '7' })
      expect(results.size).toBe(0)
    })

    it('renews the claim, and says where the job is not wanted any more', async () => {
      await add('one')
      const job = claimed(await host().claim(['chat']))
      await command(
        'XCLAIM',
        jobStreamKey('chat'),
        'hosts',
        'host',
        0,
        job.entry,
        'IDLE',
        2 * NEVER_MS,
        'JUSTID',
      )
      expect(await host().report(job, 1, [])).toBe('ok')
      expect(await host().claim(['chat'])).toBeUndefined()
      await command('HSET', jobKey('one'), 'cancel', '1')
      expect(await host().report(job, 2, [result(0)])).toBe('cancel')
      expect((await jobOf(command, 'one')).record.done).toBe('1')
    })

    it('writes nothing to a job that has ended or is gone', async () => {
      await add('one')
      const job = claimed(await host().claim(['chat']))
      await host().end(job, 'cancelled')
      expect(await host().report(job, 1, [result(0)])).toBe('lost')
      await command('DEL', jobKey('one'))
      expect(await host().report(job, 2, [result(0)])).toBe('lost')
      expect(await command('EXISTS', jobKey('one'), jobResultsKey('one'))).toBe(0)
    })
  })

  describe('end', () => {
    it.each(['cancelled', 'expired', 'failed'] as const)('%s', async (state) => {
      await add('one')
      const job = claimed(await host().claim(['chat']))
      await host().report(job, 1, [result(0)])
      expect(await host().end(job, state)).toBe('ok')
      await expectEnded('one', state)
      expect(await command('PTTL', jobResultsKey('one'))).toBeLessThanOrEqual(JOB_RESULTS_KEPT_MS)
      const ended = await command('ZSCORE', JOB_KEYS.ended, 'one')
      expect(await host().end(job, 'done'), 'again').toBe('ok')
      expect((await jobOf(command, 'one')).record.state).toBe(state)
      expect(await command('ZSCORE', JOB_KEYS.ended, 'one')).toBe(ended)
    })

    it('done, only where each input has a result', async () => {
      for (const [id, indexes, state] of [
        ['whole', [0, 1, 2], 'done'],
        ['part', [0, 1], 'failed'],
      ] as const) {
        await add(id)
        const job = claimed(await host().claim(['chat']))
        await host().report(
          job,
          1,
          indexes.map((index) => result(index)),
        )
        expect(await host().end(job, 'done')).toBe('ok')
        await expectEnded(id, state)
      }
    })
  })

  it('a job that is given back is taken over at once, and is nobody’s until then', async () => {
    await add('one')
    const job = claimed(await host().claim(['chat']))
    await host().report(job, 1, [result(0)])
    expect(await host().claim(['chat'])).toBeUndefined()
    expect(await host().release(job)).toBe('ok')
    const { record } = await jobOf(command, 'one')
    expect(record.state).toBe('queued')
    expect(record).not.toHaveProperty('claim')
    expect(await host().report(job, 2, [result(1)])).toBe('lost')
    const next = claimed(await host().claim(['chat']))
    expect(next).toMatchObject({ id: 'one', takenOver: false })
    expect([...next.done]).toEqual([0])
  })
})
