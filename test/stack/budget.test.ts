import { describe, expect, inject, it } from 'vitest'
import { worstCase } from '../../edge/parse/worst-case.ts'
import type { ErrorEnvelope } from '../../shared/errors.ts'
import {
  type Answer,
  ask,
  call,
  chatModel,
  eventually,
  hostRuns,
  newUser,
  refusal,
  refusedAs,
  settledUsage,
  stack,
  usageEvents,
} from '../fixtures/stack/client.ts'
import { SEVEN_UNITS } from '../fixtures/stack/plans.ts'
import { standingStill } from '../fixtures/standing-still.ts'

/** A question whose worst case is a seventh of the budget of the plan `seven`, to the unit. */
const OUTPUT = 8
const filler =
  SEVEN_UNITS / 7 - chatModel.prices.output * OUTPUT - chatModel.overhead.request - chatModel.overhead.item
const question = 'x'.repeat(filler)

describe.each([
  { over: 'one edge', edges: [stack.edge.url] },
  { over: 'two edges', edges: [stack.edge.url, inject('secondEdge')] },
])('200 requests at once against a budget that fits exactly 7, over $over', ({ edges }) => {
  it('7 reach the host, 193 are refused, and the counters end as the sum of the reported usage', async () => {
    expect(worstCase(chatModel, [question], OUTPUT).units * 7).toBe(SEVEN_UNITS)
    const { token } = await newUser('seven')
    const refusals: string[] = []
    const ids: string[] = []
    // The host stands still until everybody has asked: nobody is admitted on what another gave back.
    const answers = await standingStill(stack.host.pid, async () => {
      const all = Array.from({ length: 200 }, async (_, i) => {
        const edge = edges[i % edges.length] as string
        const answer = await call('/v1/chat/completions', {
          token,
          edge,
          body: ask(question, { max_tokens: OUTPUT }),
        })
        ids.push(answer.headers.get('x-request-id') ?? '')
        if (answer.status === 200) return (await answer.json()) as Answer
        refusals.push(await refusedAs(answer))
      })
      await eventually(async () => (refusals.length >= 193 ? true : undefined))
      return { all }
    })
    const served = (await Promise.all(answers.all)).filter((answer) => answer !== undefined)

    expect(served).toHaveLength(7)
    expect(refusals).toEqual(Array(193).fill('403 budget_exhausted'))
    const requestIds = served.map(({ id }) => id.replace('chatcmpl-', ''))
    const reported = served.reduce(
      (sum, { usage }) => sum + usage.prompt_tokens + chatModel.prices.output * usage.completion_tokens,
      0,
    )
    const { units, concurrent } = await settledUsage(token)
    expect(units.month).toMatchObject({ used: reported, held: 0, limit: SEVEN_UNITS })
    expect(units.day.used).toBe(reported)
    expect(concurrent.running).toBe(0)
    const events = (await Promise.all(requestIds.map(usageEvents))).flat()
    expect(events.reduce((sum, event) => sum + Number(event.units), 0)).toBe(reported)
    await eventually(async () => ((await hostRuns(requestIds)) === 7 ? true : undefined))
    expect(await hostRuns(ids)).toBe(7)
  })
})

describe('a minute that is used up', () => {
  it('is a 429 that says when the next begins, in Retry-After, in RateLimit and in the error', async () => {
    const { token } = await newUser('seven-a-minute')
    const all: Promise<Response>[] = []
    const refused = await standingStill(stack.host.pid, () => {
      const firstRefusal = Promise.withResolvers<Response>()
      // Eight may straddle a minute; two minutes have room for 14.
      for (let i = 0; i < 15; i++) {
        const answer = call('/v1/chat/completions', { token, body: ask(question, { max_tokens: OUTPUT }) })
        answer.then((one) => one.status === 200 || firstRefusal.resolve(one), firstRefusal.reject)
        all.push(answer)
      }
      return firstRefusal.promise
    })
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThanOrEqual(1)
    expect(wait).toBeLessThanOrEqual(60)
    expect(refused.headers.get('ratelimit')).toContain(`"units-minute";r=0;t=${wait}`)
    const { error } = (await refused.clone().json()) as ErrorEnvelope
    expect(error.resets_at).toMatch(/:00\.000Z$/)
    expect(await refusal(refused)).toMatchObject({ status: 429, code: 'budget_minute_exhausted' })
    const answers = await Promise.all(all)
    const served = answers.filter(({ status }) => status === 200)
    expect(served.length).toBeGreaterThanOrEqual(7)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]))
    await Promise.all(served.map((answer) => answer.text()))
    await settledUsage(token)
  })
})

describe('round trips', () => {
  it('a model call makes one HTTP request to Redis before the host and one after, a refusal one at most', async () => {
    const { token } = await newUser('pro')
    const trips = async () => {
      const stats = await fetch(`${stack.redis.url}/twohop/stats`, {
        headers: { authorization: `Bearer ${stack.redis.token}` },
      })
      return ((await stats.json()) as { requests: number }).requests
    }
    const body = ask('Hi', { max_tokens: 1 })
    await (await call('/v1/chat/completions', { token, body })).text()
    await settledUsage(token)

    const before = await trips()
    const answer = await call('/v1/chat/completions', { token, body })
    await answer.text()
    await eventually(async () => ((await trips()) - before >= 2 ? true : undefined))
    expect((await trips()) - before).toBe(2)

    const quiet = await trips()
    expect((await call('/v1/chat/completions', { token: 'nonsense', body })).status).toBe(401)
    expect((await call('/v1/chat/completions', { token, body: {} })).status).toBe(400)
    expect((await trips()) - quiet).toBe(0)
    const { token: poor } = await newUser('seven')
    const large = ask('x'.repeat(900), { max_tokens: 512 })
    for (let i = 0; i < 8; i++)
      await (await call('/v1/chat/completions', { token: poor, body: large })).text()
    await settledUsage(poor)
    const calm = await trips()
    const refused = await call('/v1/chat/completions', {
      token: poor,
      body: ask('x'.repeat(1000), { max_tokens: 512 }),
    })
    if (refused.status === 403) expect((await trips()) - calm).toBeLessThanOrEqual(1)
    else await refused.text()
  })
})
