import { beforeAll, expect, inject, it } from 'vitest'
import { slowly } from '../fixtures/pace.ts'
import {
  ask,
  CHAT,
  call,
  EMBED,
  eventually,
  hostRuns,
  jobOver,
  newUser,
  redis,
  stack,
  usageEvents,
} from '../fixtures/stack/client.ts'

type Job = {
  id: string
  status: string
  counts: { total: number; done: number; failed: number }
  usage: { prompt_tokens: number; completion_tokens: number }
  units?: number
  results?: { index: number; status: number; body: Record<string, never> & Answer }[]
  has_more?: boolean
}
type Answer = { choices: { message: { content: string } }[]; usage: { completion_tokens: number } }

let token: string
beforeAll(async () => {
  token = (await newUser('roomy')).token
})

const post = (body: unknown, headers = {}) => call('/v1/jobs', { token, body, headers })
const job = async (path: string) => (await (await call(path, { token })).json()) as Job
const runCron = () => fetch(stack.edge.cronUrl, { method: 'POST' })

const eventsOf = async (id: string) => (await call(`/v1/jobs/${id}/events`, { token })).text()

/** The job once it has ended, of which its events tell. */
async function ended(id: string): Promise<Job> {
  expect(await eventsOf(id)).toContain('event: end\n')
  return job(`/v1/jobs/${id}`)
}

it('answers 202 at once, does the work, and charges what it cost, once', async () => {
  const inputs = Array.from({ length: 12 }, (_, i) => ask(`Count to ${i}`, { max_tokens: 4 }))
  const answer = await post({ endpoint: '/v1/chat/completions', inputs })
  expect(answer.status).toBe(202)
  expect(answer.headers.get('ratelimit')).toContain('"requests"')
  const { id } = (await answer.json()) as Job
  expect(answer.headers.get('location')).toBe(`/v1/jobs/${id}`)

  const done = await ended(id)
  expect(done).toMatchObject({ status: 'done', counts: { total: 12, done: 12, failed: 0 }, has_more: false })
  expect(done.results?.map(({ index, status }) => [index, status])).toEqual(inputs.map((_, i) => [i, 200]))
  const tokens = done.results?.map(({ body }) => body.usage.completion_tokens) ?? []
  expect(done.usage.completion_tokens).toBe(tokens.reduce((sum, count) => sum + count, 0))
  expect(done.units).toBe(done.usage.prompt_tokens + 4 * done.usage.completion_tokens)

  await runCron()
  const [event, ...more] = await usageEvents(id)
  expect(more).toEqual([])
  expect(event).toMatchObject({ task: 'chat', outcome: 'ok', units: String(done.units) })
  const usage = (await (await call('/v1/usage', { token })).json()) as {
    units: Record<string, { held: number }>
  }
  for (const { held } of Object.values(usage.units)) expect(held).toBe(0)
})

it('gives each input the answer that it would have alone, its error where it has one', async () => {
  const alone = ask('Hello', { max_tokens: 6, temperature: 0 })
  const direct = (await (await call('/v1/chat/completions', { token, body: alone })).json()) as Answer
  const inputs = [alone, ask('x'.repeat(20_000), { max_tokens: 1 }), alone]
  const { id } = (await (await post({ endpoint: '/v1/chat/completions', inputs })).json()) as Job
  const done = await ended(id)
  expect(done).toMatchObject({ status: 'done', counts: { total: 3, done: 3, failed: 1 } })
  for (const i of [0, 2])
    expect(done.results?.[i]?.body.choices[0]?.message).toEqual(direct.choices[0]?.message)
  expect(done.results?.[1]).toMatchObject({
    status: 400,
    body: { error: { code: 'context_length_exceeded' } },
  })
  const page = await job(`/v1/jobs/${id}?after=0&limit=1`)
  expect(page).toMatchObject({ results: [{ index: 1 }], has_more: true })
})

it('embeds a single body', async () => {
  const body = { model: EMBED, input: ['one', 'two'] }
  const { id } = (await (await post({ endpoint: '/v1/embeddings', body })).json()) as Job
  const done = await ended(id)
  expect(done).toMatchObject({ status: 'done', counts: { total: 1, done: 1 } })
  expect(done.results?.[0]?.body).toMatchObject({ object: 'list', data: [{ index: 0 }, { index: 1 }] })
})

it('streams its progress until it ends', async () => {
  const inputs = Array.from({ length: 8 }, () => ask('Tell me', { max_tokens: 16 }))
  // Slowed down, its 16 steps take 2.4 s, so it is still on its way when its events are asked for.
  const { id, events } = await slowly(
    inject('pace'),
    async () => {
      const posted = (await (await post({ endpoint: '/v1/chat/completions', inputs })).json()) as Job
      return { id: posted.id, events: await eventsOf(posted.id) }
    },
    150,
  )
  expect(events).toMatch(/^event: progress\ndata: {"status":"(queued|running)"/)
  const last = /event: end\ndata: (.*)\n\n$/.exec(events)?.[1]
  expect(JSON.parse(last ?? '{}')).toMatchObject({ id, status: 'done', counts: { done: 8 } })
})

it('is cancelled on its way, and what was computed is charged', async () => {
  const inputs = Array.from({ length: 200 }, (_, i) => ask(`Story ${i}`, { max_tokens: 64 }))
  const cancelled = await slowly(inject('pace'), async () => {
    const { id } = (await (await post({ endpoint: '/v1/chat/completions', inputs })).json()) as Job
    await eventually(async () =>
      Number(await redis('HGET', `twohop:job:${id}`, 'done')) > 0 ? true : undefined,
    )
    expect((await call(`/v1/jobs/${id}`, { token, method: 'DELETE' })).status).toBe(202)
    return ended(id)
  })
  expect(cancelled.status).toBe('cancelled')
  expect(cancelled.counts.done).toBeLessThan(200)
  expect(cancelled.units).toBe(cancelled.usage.prompt_tokens + 4 * cancelled.usage.completion_tokens)
  expect(cancelled.units).toBeGreaterThan(0)
  expect(await redis('XLEN', `twohop:jobs:${CHAT}`)).toBe(0)
})

it('is one job for one idempotency key, and no call of the host more', async () => {
  const body = { endpoint: '/v1/chat/completions', body: ask('Hi', { max_tokens: 1 }) }
  const key = { 'idempotency-key': crypto.randomUUID() }
  const first = (await (await post(body, key)).json()) as Job
  await ended(first.id)
  const again = await post(body, key)
  expect([again.status, ((await again.json()) as Job).id]).toEqual([202, first.id])
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect((await post({ ...body, body: ask('Ho') }, key)).status).toBe(409)
  expect(await hostRuns([first.id.slice(4)])).toBe(0)
})

it('takes a larger body than a request, up to its own limit', async () => {
  const inputs = Array.from({ length: 40 }, () => ask('y'.repeat(2500), { max_tokens: 1 }))
  const answer = await post({ endpoint: '/v1/chat/completions', inputs })
  expect(answer.status).toBe(202)
  const { id } = (await answer.json()) as Job
  await call(`/v1/jobs/${id}`, { token, method: 'DELETE' })
  await jobOver(id)
  const large = Array.from({ length: 400 }, () => ask('y'.repeat(2500)))
  expect((await post({ endpoint: '/v1/chat/completions', inputs: large })).status).toBe(413)
})
