import { expect, it } from 'vitest'
import { CallerAnswer, RequestList, Stats, UsageHistory } from '../../../edge/openapi/answers.ts'
import { dayOf } from '../../../edge/stats/days.ts'
import { describeOneRedis, RESERVED, request, settlement } from '../budget/each-redis.ts'
import { accountOf, askEdge, edgeOn, minted, publishedKeys, user } from '../strangers/edge.ts'

const issuer = publishedKeys()

describeOneRedis('the routes of what was used', (redis) => {
  async function asking(name: string, role?: string) {
    const edge = edgeOn(redis.local(), issuer)
    const authorization = `Bearer ${await minted().mintFirebase(user(name, role))}`
    return async (path: string, method = 'GET') => {
      const { status, text } = await askEdge(edge, { method, path }, { authorization })
      return { status, body: JSON.parse(text) }
    }
  }

  async function used(name: string, units: number) {
    redis.clock.now = Date.now()
    const [account, id] = [accountOf(name), crypto.randomUUID()]
    const budget = redis.budget()
    await budget.reserve(request(id, { account, units }))
    const reserved = { ...RESERVED, account, units }
    await budget.settle(settlement(id, { units, reserved, measured: { totalMs: 80, firstMs: 20 } }))
    return id
  }

  it('say who is asking and what the credential may do, which is no error for anybody', async () => {
    expect(CallerAnswer.parse((await (await asking('ada'))('/v1/me')).body)).toEqual({
      object: 'caller',
      account: accountOf('ada'),
      plan: 'pro',
      scopes: expect.not.arrayContaining(['admin']),
    })
    const { body } = await (await asking('root', 'admin'))('/v1/me')
    expect(CallerAnswer.parse(body).scopes).toEqual(expect.arrayContaining(['admin', 'keys']))
  })

  it("show an account its own, and nobody else's", async () => {
    const [id] = [await used('ada', 7), await used('eve', 9)]
    const ask = await asking('ada')
    const today = dayOf(Date.now())
    const history = await ask('/v1/usage/history')
    expect(UsageHistory.parse(history.body)).toEqual({
      object: 'usage.history',
      account: accountOf('ada'),
      from: dayOf(Date.now() - 29 * 86_400_000),
      to: today,
      days: [
        {
          date: today,
          model: 'tiny-chat',
          task: 'chat',
          ...{ requests: 1, failed: 0, prompt_tokens: 1, output_tokens: 3, units: 7 },
        },
      ],
    })
    const requests = await ask('/v1/usage/requests?limit=5')
    expect(RequestList.parse(requests.body).data).toMatchObject([{ id, outcome: 'ok', units: 7, ms: 80 }])
    expect(await ask('/v1/admin/stats')).toMatchObject({
      status: 403,
      body: { error: { code: 'scope_missing' } },
    })
  })

  it('show an administrator everybody, but the names of accounts that he administers alone', async () => {
    await used('ada', 7)
    await used('eve', 9)
    await redis.command('ZADD', `twohop:top:${dayOf(Date.now())}`, 99, 'firebase:production:someone')
    const ask = await asking('root', 'admin')
    await ask('/v1/nothing')
    await (await asking('ada'))('/v1/usage/requests?limit=51')
    const { body } = await ask('/v1/admin/stats')
    expect(Stats.parse(body).days).toEqual([
      {
        date: dayOf(Date.now()),
        models: [
          {
            model: 'tiny-chat',
            version: null,
            task: 'chat',
            ...{ requests: 2, failed: 0, prompt_tokens: 2, output_tokens: 6, units: 16 },
            outcomes: { ok: 2, cancelled: 0, failed: 0, refused: 0, unsettled: 0 },
            ms: { p50: 75, p95: 98, p99: 100 },
            first_ms: { p50: 18, p95: 24, p99: 25 },
          },
        ],
        // What the edge answered and has had no settlement to say with.
        errors: {},
        top_accounts: [
          { account: accountOf('eve'), units: 9 },
          { account: accountOf('ada'), units: 7 },
        ],
      },
    ])
  })

  it('say which errors the edge answered, once its scheduled work has run', async () => {
    const edge = edgeOn(redis.local(), issuer)
    const authorization = `Bearer ${await minted().mintFirebase(user('root', 'admin'))}`
    await askEdge(edge, { method: 'GET', path: '/v1/usage' })
    await askEdge(edge, { method: 'GET', path: '/v1/none' }, { authorization })
    await edge.scheduled()
    const { text } = await askEdge(edge, { method: 'GET', path: '/v1/admin/stats' }, { authorization })
    expect(Stats.parse(JSON.parse(text)).days).toMatchObject([
      { models: [], errors: { token_missing: 1, not_found: 1 }, top_accounts: [] },
    ])
  })

  it.each([
    ['?from=2026-11-31', 'from'],
    ['?to=yesterday', 'to'],
    ['?from=2026-11-02&to=2026-11-01', 'from'],
    ['?from=2026-08-21&to=2026-11-21', 'from'],
    ['?form=2026-11-02', ''],
  ])('refuse days that are none, or too many: %s', async (query, param) => {
    const { status, body } = await (await asking('ada'))(`/v1/usage/history${query}`)
    expect(status).toBe(400)
    expect(body.error.code).toBe('invalid_request')
    if (param) expect(body.error.param).toBe(param)
  })

  it('take 92 days', async () => {
    const ask = await asking('ada')
    expect((await ask('/v1/usage/history?from=2026-08-22&to=2026-11-21')).status).toBe(200)
  })

  it('take two round trips a view, and so many views a minute', async () => {
    const ask = await asking('ada')
    const before = await redis.requests()
    await ask('/v1/usage/history')
    expect((await redis.requests()) - before).toBeLessThanOrEqual(3) // the first brings the counter's script along
    await ask('/v1/usage/history')
    const again = await redis.requests()
    for (const path of ['history', 'requests']) await ask(`/v1/usage/${path}`)
    expect((await redis.requests()) - again).toBe(4)
    // As if there had been so many in this minute, and in the next, in case it begins right now.
    for (const key of await redis.command<string[]>('KEYS', 'twohop:reads:*')) {
      const [, name = '', minute] = /^(.*:)(\d+)$/.exec(key) ?? []
      for (const next of [0, 1]) await redis.command('SET', `${name}${Number(minute) + next}`, 60)
    }
    expect(await ask('/v1/usage/history')).toMatchObject({
      status: 429,
      body: { error: { code: 'rate_limited' } },
    })
  })
})
