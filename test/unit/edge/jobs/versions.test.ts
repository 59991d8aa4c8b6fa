import { expect, it } from 'vitest'
import type { Settlement } from '../../../../edge/budget/port.ts'
import { jobOf, shownJob } from '../../../../edge/jobs/job.ts'
import { parseJob } from '../../../../edge/jobs/parse.ts'
import type { NewJob } from '../../../../edge/jobs/port.ts'
import { createSettleJobs } from '../../../../edge/jobs/settle.ts'
import { createTakeIn } from '../../../../edge/jobs/take-in.ts'
import { Guards } from '../../../../shared/catalog.ts'
import { catalog, modelOf } from '../../../fixtures/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { readLog } from '../../../fixtures/log.ts'
import { allowance } from '../../../fixtures/metered.ts'

/** A job for a chat model of one version, which the host calls otherwise: as it is enqueued, and what its host is told. */
async function takenIn(
  version: object,
  { guards, content = 'Hi' }: { guards?: Guards; content?: string } = {},
) {
  const models = catalog.models.map((model) =>
    model.id === 'twohop-chat' ? { ...model, versions: [{ id: 'v2', weight: 1, ...version }] } : model,
  )
  const plans = catalog.plans.map((plan) => ({ ...plan, guards }))
  const entitlement = entitledTo('pro', { ...catalog, models, plans })
  const jobs: NewJob[] = []
  const signed: { model: string }[] = []
  const takeIn = createTakeIn({
    store: {
      enqueue: async (job) => {
        jobs.push(job)
        return { granted: true, account: 'ada', allowance }
      },
      cancel: async () => undefined,
    },
    budget: { settle: async () => ({ settled: true, crossed: [] }) },
    sign: async (claims) => {
      signed.push(claims)
      return 'token'
    },
    now: () => 1_795_258_770_000,
    jobTimeoutMs: 60_000,
    inputTimeoutMs: 1000,
    inputBytes: 100_000,
    storeBytes: 100_000_000,
    log: readLog().log,
  })
  const body = { model: 'twohop-chat', messages: [{ role: 'user', content }] }
  const work = parseJob({ endpoint: '/v1/chat/completions', body }, entitlement)
  const taken = await takeIn({
    id: 'job_1',
    account: 'ada',
    entitlement,
    work,
    idempotency: undefined,
    background: () => {},
  })
  if ('before' in taken) throw new Error('nothing was asked before')
  const [enqueued] = jobs
  return {
    job: taken.job,
    reserve: enqueued?.reserve,
    record: enqueued?.record,
    inputs: enqueued?.inputs ?? [],
    signed,
  }
}

it('a job of a version is handed to its host under the name that it has there, and reserved and shown as the model', async () => {
  const { job, reserve, record, inputs, signed } = await takenIn({ model: 'chat-next' })
  expect(signed).toMatchObject([{ model: 'chat-next' }])
  expect(inputs.map((input) => JSON.parse(input).body.model)).toEqual(['chat-next'])
  expect(record).toMatchObject({ model: 'chat-next', called: 'twohop-chat', version: 'v2' })
  expect(reserve).toMatchObject({ model: 'twohop-chat', version: 'v2' })
  expect(shownJob(job)).toMatchObject({ model: 'twohop-chat', version: 'v2' })
})

it('one under the same name on its host is as it was, with its version', async () => {
  const { job, record, inputs } = await takenIn({})
  expect(inputs.map((input) => JSON.parse(input).body.model)).toEqual(['twohop-chat'])
  expect(record).toMatchObject({ model: 'twohop-chat', version: 'v2' })
  expect(record).not.toHaveProperty('called')
  expect(shownJob(job)).toMatchObject({ model: 'twohop-chat', version: 'v2' })
})

it('one whose version is computed elsewhere is refused: a host would compute another version', async () => {
  await expect(takenIn({ upstreams: [{ id: 'openai', weight: 1 }] })).rejects.toMatchObject({
    code: 'invalid_request',
    param: 'model',
  })
  const upstreams = [{ id: 'openai', weight: 1 }]
  const { signed } = await takenIn({ upstreams, fallback: [{ id: 'host', model: 'chat-next' }] })
  expect(signed).toMatchObject([{ model: 'chat-next' }])
})

it('a job is settled as its model and version', async () => {
  const settled: Settlement[] = []
  const { settleJob } = createSettleJobs({
    budget: {
      settle: async (settlement) => {
        settled.push(settlement)
        return { settled: true, crossed: [] }
      },
    },
    store: { due: async () => [], settled: async () => {} },
    notify: async () => {},
    log: readLog().log,
  })
  const { record } = await takenIn({ model: 'chat-next' })
  await settleJob(jobOf('job_1', { ...record, account: 'ada', entry: '0-0', state: 'done' }))
  expect(settled).toMatchObject([
    { reserved: { model: modelOf('twohop-chat').id, version: 'v2' }, outcome: 'ok' },
  ])
})

it('one of a plan that masks is kept with placeholders where that is for own hosts too', async () => {
  const content = 'I am ann@example.com.'
  const of = async (mask: string) => {
    const guards = Guards.parse({ pii: { in: 'mask', mask } })
    return (await takenIn({}, { guards, content })).inputs.map(
      (input) => JSON.parse(input).body.messages[0].content,
    )
  }
  expect([await of('all'), await of('foreign')]).toEqual([['I am [EMAIL_1].'], [content]])
})
