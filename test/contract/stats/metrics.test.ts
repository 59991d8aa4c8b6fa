import { expect, it } from 'vitest'
import { createErrorCounts } from '../../../edge/stats/error-counts.ts'
import { EDGE_METRICS, EDGE_PREFIX } from '../../../edge/stats/metric-names.ts'
import { createUpstashMetrics } from '../../../edge/stats/upstash-metrics.ts'
import { createUpstashStats } from '../../../edge/stats/upstash-stats.ts'
import { describeEachRedis, describeOneRedis, request, settlement } from '../budget/each-redis.ts'
import { askEdge, edgeOn, minted, publishedKeys, user } from '../strangers/edge.ts'

const issuer = publishedKeys()
const LABELS = 'model="tiny-chat",version="",task="chat"'

/** The values of an exposition by name and labels. */
const samplesIn = (text: string) =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )

describeEachRedis('the metrics', (redis) => {
  const metrics = (changes = {}) =>
    createUpstashMetrics({
      ...redis.local(),
      timeoutMs: 20_000,
      now: () => Date.now(),
      hasLedger: true,
      project: { day: 1000 },
      forecast: undefined,
      readMonth: createUpstashStats({ ...redis.local(), timeoutMs: 20_000, viewsPerMinute: 60 }).monthTo,
      ...changes,
    })

  it('count what was settled, and never fall', async () => {
    const errors = createErrorCounts()
    const budget = redis.budget({ metrics: true, errors })
    await budget.reserve(request('a'))
    await budget.reserve(request('late', { leaseMs: 1 }))
    errors.count('rate_limited')
    await budget.settle(settlement('a', { measured: { totalMs: 30, firstMs: 4 } }))
    redis.clock.now += 1000
    await budget.sweep(1)
    const before = samplesIn(await metrics()())
    expect(Object.fromEntries(before)).toMatchObject({
      [`twohop_edge_requests_total{${LABELS},outcome="ok"}`]: 1,
      [`twohop_edge_requests_total{${LABELS},outcome="unsettled"}`]: 1,
      [`twohop_edge_prompt_tokens_total{${LABELS}}`]: 1,
      [`twohop_edge_generation_tokens_total{${LABELS}}`]: 3,
      [`twohop_edge_units_total{${LABELS}}`]: 14,
      [`twohop_edge_request_duration_seconds_bucket{${LABELS},le="0.025"}`]: 0,
      [`twohop_edge_request_duration_seconds_bucket{${LABELS},le="0.05"}`]: 1,
      [`twohop_edge_time_to_first_byte_seconds_count{${LABELS}}`]: 1,
      'twohop_edge_errors_total{code="rate_limited"}': 1,
      twohop_edge_events_waiting: 2,
      twohop_edge_requests_open: 0,
      twohop_edge_jobs_open: 0,
      'twohop_edge_project_budget_units{window="day"}': 1000,
    })
    await budget.settle(settlement('late'))
    const after = samplesIn(await metrics()())
    for (const [name, value] of before)
      if (/_(total|bucket|sum|count)\b/.test(name))
        expect(after.get(name), name).toBeGreaterThanOrEqual(value)
    expect(await redis.command('PTTL', 'twohop:metrics')).toBe(-1)
  })

  it('are read once in 5 s, in one round trip', async () => {
    let now = 0
    const read = metrics({ now: () => now })
    const before = await redis.requests()
    await read()
    now = 4999
    await read()
    expect((await redis.requests()) - before).toBe(1)
    now = 5000
    await read()
    expect((await redis.requests()) - before).toBe(2)
  })

  it('say what the month costs beside its forecast, for which the month is read every five minutes', async () => {
    let now = Date.UTC(2026, 10, 16)
    const asked: string[] = []
    const used = { requests: 200, failed: 0, prompt_tokens: 0, output_tokens: 0, units: 0 }
    const readMonth = async (day: string) => {
      asked.push(day)
      return { used, recent: { used: { ...used, requests: 140 }, from: '2026-11-09' } }
    }
    const bills = [
      { load: 1, usd: 60 },
      { load: 2, usd: 100 },
    ]
    const forecast = { combination: 'x', requests: 200, prompt_tokens: 1, output_tokens: 1, bills }
    const read = metrics({ now: () => now, forecast, readMonth })
    const costs = async () =>
      [...samplesIn(await read())].filter(([name]) => name.startsWith('twohop_edge_cost_usd'))
    // Half of November has passed, with all that was forecast; the last week was 20 requests a day.
    expect(Object.fromEntries(await costs())).toEqual({
      'twohop_edge_cost_usd{of="so_far"}': 50,
      'twohop_edge_cost_usd{of="at_this_rate"}': 125,
      'twohop_edge_cost_usd{of="due"}': 30,
      'twohop_edge_cost_usd{of="forecast"}': 60,
    })
    now += 299_999
    await read()
    expect(asked).toEqual(['2026-11-16'])
    now += 5001
    await read()
    expect(asked).toHaveLength(2)
    expect(await metrics()()).not.toContain('cost_usd')
  })

  it('are not counted where they are off', async () => {
    const budget = redis.budget()
    await budget.reserve(request('a'))
    await budget.settle(settlement('a'))
    expect(await redis.command('EXISTS', 'twohop:metrics')).toBe(0)
    const without = await metrics({ hasLedger: false })()
    expect(without).not.toContain('events_waiting')
  })
})

describeOneRedis('GET /metrics', (redis) => {
  const asking = async (role: string | undefined, more = {}) => {
    const edge = edgeOn(redis.local(), issuer, more)
    const authorization = `Bearer ${await minted().mintFirebase(user('ada', role))}`
    return askEdge(edge, { method: 'GET', path: '/metrics' }, { authorization })
  }

  it('is for those with the scope, where it is on', async () => {
    expect((await asking('admin')).status).toBe(200)
    expect((await asking(undefined)).status).toBe(403)
    expect((await asking('developer')).status).toBe(403)
    expect((await asking('admin', { METRICS: 'off' })).status).toBe(404)
  })

  it('has names of the table only', async () => {
    const { text } = await asking('admin')
    const named = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)
    expect(named.length).toBeGreaterThan(1)
    for (const name of named) expect(Object.keys(EDGE_METRICS)).toContain(name.slice(EDGE_PREFIX.length))
  })
})
