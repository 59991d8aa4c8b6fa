import { expect, it } from 'vitest'
import {
  AccountAnswer,
  AnomalyList,
  AnyUsageMonths,
  Cost,
  HostList,
  UsageMonths,
} from '../../../edge/openapi/answers.ts'
import { daysOfMonth } from '../../../edge/stats/days.ts'
import { createMetrics } from '../../../inference-host/metrics/metrics.ts'
import { holdClock } from '../../fixtures/hold-clock.ts'
import { serveOnLoopback } from '../../fixtures/loopback-server.ts'
import { describeOneRedis, RESERVED, request, settlement } from '../budget/each-redis.ts'
import { accountOf, askEdge, edgeOn, minted, publishedKeys, user } from '../strangers/edge.ts'

const issuer = publishedKeys()

describeOneRedis('what administrators watch', (redis) => {
  async function asking(name: string, role?: string, more: Record<string, string> = {}) {
    const edge = edgeOn(redis.local(), issuer, more)
    const authorization = `Bearer ${await minted().mintFirebase(user(name, role))}`
    return async (path: string) => {
      const { status, text } = await askEdge(edge, { method: 'GET', path }, { authorization })
      return { status, body: JSON.parse(text) }
    }
  }

  it('is what a host does by model, and a host that cannot be asked', async () => {
    const metrics = createMetrics({ models: ['tiny-chat'], eventLoop: () => ({ p50: 0, p99: 0, max: 0 }) })
    metrics.watch('tiny-chat', () => ({ running: 3, waiting: 4, resident: true }))
    const asked: string[] = []
    const host = await serveOnLoopback(async ({ method, url, headers }, response) => {
      asked.push(`${method} ${url} ${headers.authorization?.slice(0, 9)}`)
      response.writeHead(200).end(await metrics.text())
    })
    const ask = await asking('root', 'admin', { HOST_URL: host.url })
    const { body } = await ask('/v1/admin/hosts')
    expect(HostList.parse(body).data).toEqual([
      {
        id: 'host',
        error: null,
        models: [{ model: 'tiny-chat', running: 3, waiting: 4, resident: true, cache: null }],
      },
    ])
    expect(asked).toEqual(['GET /metrics Bearer ey'])
    // Whoever looks again at once is told the same.
    await ask('/v1/admin/hosts')
    expect(asked).toHaveLength(1)
    await host.stop()
    const away = await (await asking('root', 'admin', { HOST_URL: host.url }))('/v1/admin/hosts')
    expect(HostList.parse(away.body).data).toEqual([{ id: 'host', error: 'host_unavailable', models: [] }])
  })

  it('is whose use was found unusual, with its status, of whom the administrator administers', async () => {
    const now = Date.now()
    const score = ['score', 77, 'why', 'rate=30 country=25', 'at', now]
    for (const name of [`account:${accountOf('eve')}`, 'key:k1', 'account:firebase:production:someone'])
      await redis.command('HSET', `twohop:anomaly:${name}`, ...score)
    await redis.command('ZADD', 'twohop:anomalies', now - 5000, `account:${accountOf('eve')}`)
    await redis.command('ZADD', 'twohop:anomalies', now, `key:k1 ${accountOf('ada')}`)
    // However many of another project's there are, they hide none of one's own.
    for (let i = 0; i < 60; i++)
      await redis.command('ZADD', 'twohop:anomalies', now + i, `account:firebase:production:someone-${i}`)
    await redis.command('ZADD', 'twohop:anomalies', now, 'account:firebase:production:someone')
    await redis.records().accounts.set(accountOf('eve'), { status: 'suspended' })
    await redis.command('ZADD', `twohop:keys:${accountOf('ada')}`, now + 1e9, 'k1')
    const ask = await asking('root', 'admin')
    const { body } = await ask('/v1/admin/anomalies')
    const told = { score: 77, why: 'rate=30 country=25', at: Math.floor(now / 1000), challenged_at: null }
    expect(AnomalyList.parse(body).data).toEqual([
      { account: accountOf('ada'), key: 'k1', status: 'active', found_at: Math.floor(now / 1000), ...told },
      {
        account: accountOf('eve'),
        key: null,
        status: 'suspended',
        found_at: Math.floor((now - 5000) / 1000),
        ...told,
      },
    ])
    const account = await ask(`/v1/admin/accounts/${encodeURIComponent(accountOf('ada'))}`)
    expect(AccountAnswer.parse(account.body)).toMatchObject({
      anomaly: null,
      key_anomalies: [{ key: 'k1', ...told }],
    })
  })

  it('is this month, beside its forecast where there is one', async () => {
    redis.clock.now = Date.now()
    const budget = redis.budget()
    for (const [name, units] of [
      ['ada', 7],
      ['eve', 9],
    ] as const) {
      const id = crypto.randomUUID()
      await budget.reserve(request(id, { account: accountOf(name), units }))
      await budget.settle(
        settlement(id, { units, reserved: { ...RESERVED, account: accountOf(name), units } }),
      )
    }
    const forecast = {
      combination: 'workers-fly',
      ...{ requests: 300_000, prompt_tokens: 1, output_tokens: 2 },
      bills: [{ load: 1, usd: 172.32 }],
    }
    const { body } = await (await asking('root', 'admin', { COST_FORECAST: JSON.stringify(forecast) }))(
      '/v1/admin/cost',
    )
    const cost = Cost.parse(body)
    expect(cost).toMatchObject({
      month: new Date().toISOString().slice(0, 7),
      used: { requests: 2, failed: 0, prompt_tokens: 2, output_tokens: 6, units: 16 },
      forecast,
    })
    // Three times the output tokens of the forecast, all of today.
    const daysLeft = daysOfMonth(Date.now()) * (1 - cost.elapsed)
    expect(cost.outlook?.find(({ what }) => what === 'usd')).toMatchObject({
      ...{ forecast: 172.32, so_far: expect.closeTo(3 * 172.32) },
      at_this_rate: expect.closeTo(3 * 172.32 * (1 + daysLeft)),
    })
    expect(cost.elapsed).toBeGreaterThan(0)
    expect(cost.elapsed).toBeLessThanOrEqual(1)
    const metrics = edgeOn(redis.local(), issuer, { COST_FORECAST: JSON.stringify(forecast) })
    const authorization = `Bearer ${await minted().mintFirebase(user('root', 'admin'))}`
    const { text } = await askEdge(metrics, { method: 'GET', path: '/metrics' }, { authorization })
    expect(text).toContain('\ntwohop_edge_forecast_requests 300000\n')
    expect(text).toContain('\ntwohop_edge_forecast_generation_tokens 2\n')
    expect((await (await asking('root', 'admin'))('/v1/admin/cost')).body.forecast).toBeNull()
  })

  it('is for administrators alone', async () => {
    const ask = await asking('ada')
    for (const path of ['hosts', 'anomalies', 'cost', 'months'])
      expect(await ask(`/v1/admin/${path}`), path).toMatchObject({
        status: 403,
        body: { error: { code: 'scope_missing' } },
      })
  })

  it('has no months without a ledger, says so where it is away, and refuses spans that are none', async () => {
    expect(await (await asking('ada'))('/v1/usage/months')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found', message: expect.stringContaining('no ledger') } },
    })
    const away = { LEDGER_SUPABASE_URL: 'http://127.0.0.1:9', LEDGER_SUPABASE_KEY: 'sb_secret_none' }
    const ask = await asking('ada', undefined, away)
    expect(await ask('/v1/usage/months')).toMatchObject({
      status: 503,
      body: { error: { code: 'ledger_unavailable' } },
    })
    for (const query of [
      'from=2020-01&to=2026-01',
      'from=2026-02&to=2026-01',
      'from=2026-13',
      'to=0000-01',
      'to=0001-01',
      'from=2026-01-01',
      'x=1',
    ])
      expect(await ask(`/v1/usage/months?${query}`), query).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_request' } },
      })
  })

  it("reads an account's own months, the last two years by default", async () => {
    const rows = [
      { month: '2026-11', model: 'm', requests: 1, prompt_tokens: 2, output_tokens: 3, units: -4 },
    ]
    const called: { url: string; body: unknown }[] = []
    const ledger = await serveOnLoopback(async (asked, response) => {
      const pieces = await Array.fromAsync(asked)
      called.push({ url: asked.url ?? '', body: JSON.parse(Buffer.concat(pieces).toString()) })
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(rows))
    })
    const own = { LEDGER_SUPABASE_URL: ledger.url, LEDGER_SUPABASE_KEY: 'sb_secret_none' }
    const { body } = await (await asking('ada', undefined, own))('/v1/usage/months?to=2026-11')
    expect(UsageMonths.parse(body)).toEqual({
      ...{ object: 'usage.months', account: accountOf('ada'), from: '2024-12', to: '2026-11' },
      months: rows,
    })
    expect(called).toEqual([
      {
        url: '/rest/v1/rpc/usage_months',
        body: { account: accountOf('ada'), first: '2024-12-01', last: '2026-11-01' },
      },
    ])
    const administrator = await asking('root', 'admin', own)
    expect(UsageMonths.safeParse((await administrator('/v1/admin/months')).body).success).toBe(false)
    const all = AnyUsageMonths.parse((await administrator('/v1/admin/months?from=2026-10&to=2026-11')).body)
    expect(all).toMatchObject({ account: null, from: '2026-10', to: '2026-11', months: rows })
    const named = await administrator(`/v1/admin/months?to=2026-11&account=${accountOf('ada')}`)
    expect(AnyUsageMonths.parse(named.body).account).toBe(accountOf('ada'))
    const span = { first: '2026-10-01', last: '2026-11-01' }
    expect(called.splice(1).slice(1)).toEqual([
      { url: '/rest/v1/rpc/all_usage_months', body: span },
      { url: '/rest/v1/rpc/usage_months', body: { account: accountOf('ada'), ...span, first: '2024-12-01' } },
    ])
    for (const account of ['', 'ada', 'firebase:another:ada'])
      expect(await administrator(`/v1/admin/months?account=${account}`), account).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_request', param: 'account' } },
      })
    // What is read too often does not come to the ledger.
    holdClock()
    const often = await asking('often', undefined, own)
    for (let times = 0; times < 60; times++) await often('/v1/usage/months')
    expect(await often('/v1/usage/months')).toMatchObject({ status: 429 })
    expect(called).toHaveLength(61)
    await ledger.stop()
  })
})
