import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, inject, it } from 'vitest'
import { DASHBOARDS, expressionsOf } from '../fixtures/grafana.ts'
import { noPrometheus, prometheus, startPrometheus } from '../fixtures/prometheus.ts'
import { ask, CHAT, call, jobOver, newUser, stack } from '../fixtures/stack/client.ts'

/** A structure that only the host reads, and refuses. */
const REFUSED_BY_HOST = {
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'root' } } },
}

/** What no panel of this stack can show: why, by the panel's title and its expression's letter. */
const NO_DATA: Readonly<Record<string, string>> = {
  'Memory C': 'no host of the tests has an accelerator',
}

/** How often Prometheus is asked, in milliseconds: it scrapes once a second. */
const OFTEN = { interval: 250 }

type Found = { metric: Record<string, string>; value: [number, string] }

describe.skipIf(!prometheus)(`Prometheus before the running stack${noPrometheus}`, () => {
  const edge = inject('meteredEdge')
  const host = inject('hostMetrics')

  it('scrapes the edge in workerd and the host, by the key of an administrator, fires where requests bring nothing and where a month is above its forecast', async () => {
    const made = await call('/v1/keys', {
      ...{ edge, token: stack.tokens.firebase.admin },
      body: { name: 'prometheus', scopes: ['metrics'] },
    })
    const { key } = (await made.json()) as { key: string }
    const api = await startPrometheus(edge, host, key)
    const sum = async (query: string) => {
      const { result }: { result: Found[] } = await api(
        `/api/v1/query?query=${encodeURIComponent(`sum(${query})`)}`,
      )
      return Number(result[0]?.value[1] ?? 0)
    }
    const { token } = await newUser('pro')
    const wanted = ['TwohopEdgeErrorRate', 'TwohopEdgeSpendAboveForecast']
    let [asked, firing]: [number, string[]] = [0, []]
    for (; asked < 50 && !wanted.every((name) => firing.includes(name)); asked++) {
      const body = ask('Hi', { max_tokens: 2, stream: true })
      await (await call('/v1/chat/completions', { edge, token, body })).text()
      const refused = await call('/v1/chat/completions', { edge, token, body: ask('Hi', REFUSED_BY_HOST) })
      expect(refused.status).toBe(400)
      await wait(500)
      const { alerts }: { alerts: { state: string; labels: Record<string, string> }[] } =
        await api('/api/v1/alerts')
      firing = alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname ?? '')
    }
    expect(firing).toEqual(expect.arrayContaining(wanted))
    const model = `model="${CHAT}"`
    // The last settlements and scrapes come after the answers.
    await expect
      .poll(() => sum(`twohop_edge_requests_total{${model},outcome="ok"}`), OFTEN)
      .toBeGreaterThanOrEqual(asked)
    await expect
      .poll(() => sum(`twohop_edge_time_to_first_byte_seconds_count{${model}}`), OFTEN)
      .toBeGreaterThanOrEqual(asked)
    await expect
      .poll(() => sum(`twohop_request_success_total{${model}}`), OFTEN)
      .toBeGreaterThanOrEqual(asked)
    await expect.poll(() => sum(`twohop_num_requests_waiting{${model}}`), OFTEN).toBe(0)
    // A scrape may take a busy machine longer than its second.
    await expect.poll(() => sum('up'), OFTEN).toBe(2)

    // Each expression of each panel, as Grafana would ask for it.
    const inputs = [ask('Hi', { max_tokens: 2 })]
    const job = { endpoint: '/v1/chat/completions', inputs }
    const taken = await call('/v1/jobs', { edge, token, body: job })
    expect(taken.status).toBe(202)
    await jobOver(taken.headers.get('location'))
    const expressions = DASHBOARDS.flatMap(expressionsOf)
    async function empty(): Promise<string[]> {
      const names: string[] = []
      for (const { name, expr } of expressions) {
        const query = expr.replaceAll('$__rate_interval', '1m')
        const { result }: { result: Found[] } = await api(`/api/v1/query?query=${encodeURIComponent(query)}`)
        if (result.every(({ value: [, text] }) => text === 'NaN')) names.push(name)
      }
      return names
    }
    await expect.poll(empty, { interval: 1000 }).toEqual(Object.keys(NO_DATA))
  })
})
