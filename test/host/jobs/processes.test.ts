import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { JOB_KEYS } from '../../../shared/jobs/record.ts'
import { enqueue, jobOf, stories } from '../../fixtures/host/enqueue.ts'
import { type HostProcess, startHostProcess } from '../../fixtures/host/host-process.ts'
import { manifestOf } from '../../fixtures/host/serving.ts'
import { createSigner, type Signer } from '../../fixtures/host/signer.ts'
import { embeddedModel } from '../../fixtures/models.ts'
import { pacedBy, slowly } from '../../fixtures/pace.ts'
import { paceFile } from '../../fixtures/pace-own.ts'
import { type JobsRedis, startJobsRedis } from './jobs-redis.ts'

const CHAT = { id: 'chat', source: embeddedModel('twohop-chat').folder, task: 'text-generation' }
const TOKENS = 60

let redis: JobsRedis
let signer: Signer
let manifest: Awaited<ReturnType<typeof manifestOf>>
const hosts: HostProcess[] = []
const pace = paceFile()

beforeAll(async () => {
  redis = await startJobsRedis()
  signer = await createSigner()
  manifest = await manifestOf([CHAT])
})
afterAll(async () => {
  await manifest.remove()
  await redis.stop()
})
afterEach(async () => {
  for (const { child } of hosts) child.kill('SIGKILL')
  await Promise.all(hosts.splice(0).map(({ ended }) => ended))
  await redis.command('FLUSHALL')
})

/** A host as its own process, and what it has written so far. */
async function start(variables: Record<string, string>) {
  const host = startHostProcess({
    SERVICE_TOKEN_PUBLIC_KEYS: signer.jwks,
    MODELS_FILE: manifest.file,
    HOST_SLOTS: '2',
    ...pacedBy(pace),
    ...redis.variables,
    ...variables,
  })
  hosts.push(host)
  let written = ''
  host.child.stdout?.on('data', (piece) => {
    written += piece
  })
  await host.ready
  const lines = (event: string) => written.split('\n').filter((line) => line.startsWith(`${event} `))
  /** Indexes of the inputs that it has computed, or begun and been stopped in, one for each run. */
  const runs = () => lines('run').map((line) => Number(/ id=\w+\.(\d+)\./.exec(line)?.[1]))
  return { ...host, lines, runs }
}

const add = (id: string, count: number) =>
  enqueue(redis.command, signer, {
    id,
    model: 'chat',
    path: '/v1/completions',
    scope: 'chat',
    bodies: stories(count, TOKENS),
  })

type Completion = { usage: { prompt_tokens: number; completion_tokens: number } }

/** Asserts that the job is done, each input once, and that what is counted is what its results have used. */
async function expectDone(id: string, count: number) {
  const { record, results } = await jobOf(redis.command, id)
  expect(record).toMatchObject({ state: 'done', done: String(count), failed: '0' })
  expect([...results.keys()].toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
  const usages = [...results.values()].map(({ body }) => (body as Completion).usage)
  const sum = (of: keyof Completion['usage']) => usages.reduce((total, usage) => total + usage[of], 0)
  expect(sum('completion_tokens')).toBe(count * TOKENS)
  expect(Number(record.output_tokens)).toBe(sum('completion_tokens'))
  expect(Number(record.prompt_tokens)).toBe(sum('prompt_tokens'))
  expect(Number(record.compute_ms)).toBeGreaterThan(0)
  expect(await redis.command('ZRANGE', JOB_KEYS.ended, 0, -1)).toEqual([id])
  expect(await redis.command('ZCARD', JOB_KEYS.open)).toBe(0)
}

const doneOf = async (id: string) => Number((await jobOf(redis.command, id)).record.done ?? 0)

test('a host that is killed mid-batch: another takes its job over and computes only what has no result', async () => {
  const first = await start({ HOST_JOBS_CLAIM_SECONDS: '3' })
  // Slow, so that it is not done by the time that it is killed.
  await slowly(pace, async () => {
    await add('story', 40)
    await expect.poll(() => doneOf('story'), { interval: 20 }).toBeGreaterThanOrEqual(2)
    first.child.kill('SIGKILL')
    await first.ended
  })
  const before = await jobOf(redis.command, 'story')
  expect(before.record.state).toBe('running')
  expect(before.results.size).toBeLessThan(40)

  const second = await start({ HOST_JOBS_CLAIM_SECONDS: '3' })
  await second.line(/^job_ended id=story/)
  await expectDone('story', 40)
  expect(second.lines('job_claimed')).toEqual([
    `job_claimed id=story model=chat count=40 done=${before.results.size} taken_over=true`,
  ])
  expect(second.runs().toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 40 }, (_, index) => index).filter((index) => !before.results.has(index)),
  )
  for (const [index, result] of before.results)
    expect((await jobOf(redis.command, 'story')).results.get(index), `result ${index}`).toEqual(result)
  expect([...first.lines('job_ended'), ...second.lines('job_ended')]).toHaveLength(1)
})

test('a host that drains ends its inputs under way, and another goes on at once', async () => {
  // So long that a claim of the first host would never lapse in this test.
  const variables = { HOST_JOBS_CLAIM_SECONDS: '3600' }
  const [first, second] = [await start(variables), await start(variables)]
  const [from, to] = await slowly(pace, async () => {
    await add('story', 40)
    await expect.poll(() => doneOf('story'), { interval: 20 }).toBeGreaterThanOrEqual(2)
    const [one, other] = first.lines('job_claimed').length > 0 ? [first, second] : [second, first]
    one.child.kill('SIGTERM')
    expect((await one.ended).code).toBe(0)
    return [one, other] as const
  })
  expect(from.lines('job_released')).toHaveLength(1)
  expect(from.lines('job_ended')).toEqual([])
  await to.line(/^job_ended id=story/)
  await expectDone('story', 40)
  // What the first had begun it has finished: nothing was computed twice.
  expect([...from.runs(), ...to.runs()]).toHaveLength(40)
  expect(to.lines('job_claimed')[0]).toContain(`done=${from.runs().length} `)
})
