import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { JOB_KEYS, jobInputsKey, jobKey, jobResultsKey, jobStreamKey } from '../../../shared/jobs/record.ts'
import { enqueue, jobOf, type WantedJob } from '../../fixtures/host/enqueue.ts'
import { type Serving, serve } from '../../fixtures/host/serving.ts'
import { embeddedModel } from '../../fixtures/models.ts'
import { slowly } from '../../fixtures/pace.ts'
import { paceFile, paceOwn } from '../../fixtures/pace-own.ts'
import { type JobsRedis, startJobsRedis } from './jobs-redis.ts'

const MODELS = [
  { id: 'chat', source: embeddedModel('twohop-chat').folder, task: 'text-generation' },
  { id: 'embed', source: embeddedModel('twohop-embed').folder, task: 'feature-extraction' },
]

/** A file by which a test slows the models down. */
const pace = paceFile()

let redis: JobsRedis
let serving: Serving
beforeAll(async () => {
  redis = await startJobsRedis()
  paceOwn(pace)
  // Long enough that only a wake makes it look.
  serving = await serve(MODELS, { ...redis.variables, HOST_SLOTS: '4', HOST_JOBS_POLL_SECONDS: '3600' })
})
afterAll(async () => {
  await serving.stop()
  vi.unstubAllEnvs()
  await redis.stop()
})
afterEach(async () => {
  await redis.command('FLUSHALL')
  serving.lines.length = 0
})

const SECRET = 'a-word-that-no-log-may-have'

/** A text whose end tokens are ruled out, so that it is as long as its limit. */
const story = (max_tokens: number, more: object = {}) => ({
  model: 'chat',
  prompt: `Once ${SECRET}`,
  max_tokens,
  stream: false,
  temperature: 0,
  stop: [],
  logit_bias: { 0: -100, 2: -100 },
  ...more,
})

const TEXTS = { model: 'chat', path: '/v1/completions', scope: 'chat' }

const wake = () => serving.send('POST /v1/jobs/wake', undefined, { claims: { scope: 'jobs' } })

/** Puts a job into Redis, and has the host look. */
async function add(id: string, bodies: object[], wanted: Partial<WantedJob> = {}): Promise<void> {
  await enqueue(redis.command, serving.signer, { id, ...TEXTS, bodies, ...wanted })
  expect((await wake()).status).toBe(202)
}

/** Waits for the host's word that it has nothing to do with the job any more. */
async function left(id: string): Promise<string> {
  const line = () => serving.lines.find((one) => new RegExp(`^job_(ended|lost|refused) id=${id} `).test(one))
  await expect.poll(line, { interval: 10 }).toBeDefined()
  return line() ?? ''
}

const state = async (id: string) => (await jobOf(redis.command, id)).record.state
const runs = () => serving.lines.filter((line) => line.startsWith('run '))
const usageOf = (body: unknown) =>
  (body as { usage: { prompt_tokens: number; completion_tokens: number } }).usage

test('texts: each input is answered as a request is, and what all have used is counted', async () => {
  await add('one', [story(5), story(6), story(7)])
  expect(await left('one')).toMatch(
    /^job_ended id=one model=chat ms=\d+ done=3 failed=0 prompt_tokens=\d+ output_tokens=18 compute_ms=\d+ state=done$/,
  )
  const { record, results } = await jobOf(redis.command, 'one')
  expect(record).toMatchObject({ state: 'done', done: '3', output_tokens: '18' })
  for (const [index, { status, body }] of results) {
    expect(status).toBe(200)
    expect(body).toMatchObject({
      object: 'text_completion',
      model: 'chat',
      choices: [{ finish_reason: 'length' }],
    })
    expect(usageOf(body).completion_tokens).toBe(5 + index)
  }
  expect(serving.lines.join('\n')).not.toContain(SECRET)
})

test('vectors: an encoder has jobs as well, beside those of another model', async () => {
  const texts = Array.from({ length: 30 }, (_, index) => ({
    model: 'embed',
    input: [`text ${index}`, 'another'],
    encoding_format: 'base64',
  }))
  const vectors = { model: 'embed', path: '/v1/embeddings', scope: 'embed', task: 'embedding' }
  await enqueue(redis.command, serving.signer, { id: 'texts', ...TEXTS, bodies: [story(5)] })
  await add('vectors', texts, vectors)
  await Promise.all([left('vectors'), left('texts')])
  const { record, results } = await jobOf(redis.command, 'vectors')
  expect(record).toMatchObject({ state: 'done', done: '30', failed: '0', output_tokens: '0' })
  expect(results.size).toBe(30)
  let prompt = 0
  for (const { status, body } of results.values()) {
    expect(status).toBe(200)
    const { data, usage } = body as { data: unknown[]; usage: { prompt_tokens: number } }
    expect(data).toHaveLength(2)
    prompt += usage.prompt_tokens
  }
  expect(Number(record.prompt_tokens)).toBe(prompt)
  expect(await state('texts')).toBe('done')
})

test('an input that cannot be answered has its error as result; the others are answered', async () => {
  const inputs = [story(5), story(5, { temperature: 'warm' }), story(2000), { ...story(5), model: 'embed' }]
  await add('mixed', inputs, { reserved: { prompt_tokens: 100, output_tokens: 10 } })
  await left('mixed')
  const { record, results } = await jobOf(redis.command, 'mixed')
  expect(record).toMatchObject({ state: 'done', done: '4', failed: '3', output_tokens: '5' })
  const codes = [...results].map(([index, { status, body }]) => [
    index,
    status,
    (body as { error?: { code: string } }).error?.code,
  ])
  expect(codes.toSorted()).toEqual([
    [0, 200, undefined],
    [1, 400, 'invalid_request'],
    [2, 401, 'service_token_invalid'],
    [3, 401, 'service_token_invalid'],
  ])
})

test('an input that computes for longer than is reserved is stopped, and charged for what it used', async () => {
  // Slow, so that the time is far more than the second one takes on a busy machine, and far less than the first takes anywhere.
  await slowly(pace, async () => {
    await add('long', [story(3000), story(3)], {
      claims: { input_ms: 4000 },
      reserved: { prompt_tokens: 100, output_tokens: 3000 },
    })
    await left('long')
  })
  const { record, results } = await jobOf(redis.command, 'long')
  expect(record).toMatchObject({ state: 'done', done: '2', failed: '1' })
  expect(results.get(0)).toMatchObject({ status: 504, body: { error: { code: 'host_timeout' } } })
  expect(Number(record.output_tokens)).toBeGreaterThan(3)
  expect(Number(record.output_tokens)).toBeLessThan(3000)
})

test('a job that is cancelled stops within a report, and what it had begun is counted', async () => {
  await add(
    'unwanted',
    Array.from({ length: 200 }, () => story(150)),
  )
  const done = async () => Number((await jobOf(redis.command, 'unwanted')).record.done ?? 0)
  await expect.poll(done, { interval: 20 }).toBeGreaterThan(0)
  await redis.command('HSET', jobKey('unwanted'), 'cancel', '1')
  expect(await left('unwanted')).toContain('state=cancelled')
  const { record, results } = await jobOf(redis.command, 'unwanted')
  expect(record).toMatchObject({ state: 'cancelled', done: String(results.size), failed: '0' })
  expect(results.size).toBeLessThan(100)
  // What had begun beside the results was computed, too; and all of it is what the runs' lines say.
  const computed = runs().reduce((sum, line) => sum + Number(/output_tokens=(\d+)/.exec(line)?.[1]), 0)
  expect(computed).toBeGreaterThanOrEqual(results.size * 150)
  expect(Number(record.output_tokens)).toBe(computed)
  expect(await redis.command('EXISTS', jobInputsKey('unwanted'))).toBe(0)
})

test('a job whose deadline passes is ended as expired, with the results that it has', async () => {
  // A busy machine begins late, and all of it takes minutes.
  await slowly(pace, async () => {
    await add(
      'late',
      Array.from({ length: 100 }, () => story(300)),
      { lastsMs: 8000 },
    )
    expect(await left('late')).toContain('state=expired')
  })
  const { record, results } = await jobOf(redis.command, 'late')
  expect(record).toMatchObject({ state: 'expired', done: String(results.size), failed: '0' })
  expect(results.size).toBeLessThan(100)
  expect(Number(record.output_tokens)).toBeGreaterThan(0)
})

test('somebody at the keyboard goes before all that waits of a job', async () => {
  await add(
    'batch',
    Array.from({ length: 40 }, () => story(60)),
  )
  await expect.poll(() => runs().length, { interval: 5 }).toBeGreaterThan(0)
  const before = runs().length
  const jti = crypto.randomUUID()
  const asked = await serving.send('POST /v1/completions', story(60), {
    claims: { jti, sub: 'someone' },
  })
  expect(asked.status).toBe(200)
  const between = runs().findIndex((line) => line.includes(`id=${jti}`)) - before
  // No more than ran beside it, and what each of their slots took after.
  expect(between).toBeLessThanOrEqual(8)
  expect(await state('batch')).toBe('running')
  await left('batch')
  expect((await jobOf(redis.command, 'batch')).record).toMatchObject({ state: 'done', done: '40' })
})

describe('a job that the edge has not signed for as it lies there ends failed, with nothing computed', () => {
  const body = JSON.stringify({ body: story(5, { prompt: 'other' }), prompt_tokens: 1, output_tokens: 9 })

  test.each([
    ['another input', 'service_token_body_mismatch', ['HSET', jobInputsKey('bad'), 0, body]],
    ['an input more', 'service_token_body_mismatch', ['HSET', jobInputsKey('bad'), 2, body]],
    ['an input less', 'service_token_body_mismatch', ['HDEL', jobInputsKey('bad'), 1]],
    ['no inputs', 'service_token_body_mismatch', ['DEL', jobInputsKey('bad')]],
    ['another account', 'service_token_invalid', ['HSET', jobKey('bad'), 'account', 'rich']],
    ['another path', 'service_token_invalid', ['HSET', jobKey('bad'), 'path', '/v1/embeddings']],
    ['a later deadline', 'service_token_invalid', ['HSET', jobKey('bad'), 'deadline', 9e15]],
    ['another token', 'service_token_invalid', ['HSET', jobKey('bad'), 'token', 'x.y.z']],
    ['no count', 'service_token_invalid', ['HDEL', jobKey('bad'), 'count']],
  ])('%s', async (_what, code, tamper) => {
    await enqueue(redis.command, serving.signer, { id: 'bad', ...TEXTS, bodies: [story(5), story(5)] })
    await redis.command(...tamper)
    await wake()
    expect(await left('bad')).toBe(`job_refused id=bad model=chat code=${code}`)
    await expect.poll(() => state('bad')).toBe('failed')
    const { record } = await jobOf(redis.command, 'bad')
    expect(Number(record.output_tokens ?? 0) + Number(record.prompt_tokens ?? 0)).toBe(0)
    expect(runs()).toEqual([])
    expect(await redis.command('EXISTS', jobResultsKey('bad'))).toBe(0)
    expect(await redis.command('ZSCORE', JOB_KEYS.ended, 'bad')).not.toBeNull()
    expect(serving.lines.join('\n')).not.toContain(SECRET)
  })

  test.each([
    ['a token of another job', { jti: 'other' }],
    ['a token for another model', { model: 'embed' }],
    ['a service token', { aud: 'twohop-host' as never }],
    ['a key that is not the edge’s', undefined],
  ])('%s', async (_what, claims) => {
    const wanted = { id: 'bad', ...TEXTS, bodies: [story(5)] }
    const { signClaims } = serving.signer
    const signer = claims
      ? { signClaims }
      : { signClaims: (all: object) => signClaims({ ...all }, 'unknown') }
    await enqueue(redis.command, signer, { ...wanted, ...(claims && { claims }) })
    await wake()
    expect(await left('bad')).toBe('job_refused id=bad model=chat code=service_token_invalid')
    await expect.poll(() => state('bad')).toBe('failed')
    expect(runs()).toEqual([])
  })

  test('a token that has expired, and an input that wants a stream', async () => {
    await add('bad', [story(5)], { claims: { exp: 1_000_000_000 } })
    expect(await left('bad')).toContain('code=service_token_expired')
    await add('streamed', [story(5, { stream: true })])
    expect(await left('streamed')).toContain('code=invalid_request')
    expect(runs()).toEqual([])
  })
})

test('waking wants a token of its scope, once, and finds nothing to do without harm', async () => {
  const code = async (response: Response) =>
    ((await response.json()) as { error: { code: string } }).error.code
  const claims = { scope: 'jobs', jti: crypto.randomUUID() }
  expect(await code(await serving.send('POST /v1/jobs/wake', undefined, {}))).toBe('service_token_invalid')
  expect((await serving.send('POST /v1/jobs/wake', undefined, { claims })).status).toBe(202)
  expect(await code(await serving.send('POST /v1/jobs/wake', undefined, { claims }))).toBe(
    'service_token_replayed',
  )
  expect(await redis.command('EXISTS', jobStreamKey('chat'))).toBe(0)
})

test('the metrics count jobs and their inputs', async () => {
  const value = async (name: string) => {
    const text = await (
      await serving.send('GET /metrics', undefined, { claims: { scope: 'metrics' } })
    ).text()
    return Number(new RegExp(`^twohop_${name}{model="chat"} (\\d+)$`, 'm').exec(text)?.[1])
  }
  const [fine, wrong] = [await value('job_inputs_success_total'), await value('job_inputs_failure_total')]
  await add('counted', [story(5), story(5), { ...story(5), n: 'many' }])
  await left('counted')
  expect(await value('job_inputs_success_total')).toBe(fine + 2)
  expect(await value('job_inputs_failure_total')).toBe(wrong + 1)
  expect(await value('job_takeovers_total')).toBe(0)
  await expect.poll(() => value('jobs_running')).toBe(0)
})
