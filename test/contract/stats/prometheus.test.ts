import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveNode } from '../../../edge/runtime/node-server.ts'
import { createMetrics } from '../../../inference-host/metrics/metrics.ts'
import { serveOnLoopback } from '../../fixtures/loopback-server.ts'
import { ROOT } from '../../fixtures/pages.ts'
import { noPrometheus, prometheus, promtool, RULES, startPrometheus } from '../../fixtures/prometheus.ts'
import { running } from '../budget/each-redis.ts'
import { edgeVariables, minted, publishedKeys, user } from '../strangers/edge.ts'

const EXPECTED = ['TwohopEdgeErrorRate', 'TwohopEdgeLedgerLag']

describe.skipIf(!prometheus)(`Prometheus${noPrometheus}`, () => {
  const issuer = publishedKeys()
  const redis = running('embedded')

  it('finds nothing wrong with the configuration and the rules', async () => {
    for (const [what, file] of [
      ['rules', RULES],
      ['config', join(ROOT, 'deploy/prometheus/prometheus.yml')],
    ] as const) {
      const checked = spawn(promtool, ['check', what, ...(what === 'config' ? ['--syntax-only'] : []), file])
      const [code] = await once(checked, 'exit')
      expect(code, file).toBe(0)
    }
  })

  it('scrapes both hops and fires: a host that is away, a ledger that takes nothing', async () => {
    const ledger = { LEDGER_SUPABASE_URL: 'http://127.0.0.1:9', LEDGER_SUPABASE_KEY: 'sb_secret_none' }
    const own = { EDGE_BIND: '127.0.0.1', EDGE_PORT: '0', EDGE_SCHEDULE_SECONDS: '3600' }
    const edge = await serveNode({ ...edgeVariables(redis.local(), issuer), ...ledger, ...own }, () => {})
    onTestFinished(() => edge.drain())
    const metrics = createMetrics({ models: ['tiny-chat'], eventLoop: () => ({ p50: 0, p99: 0, max: 0 }) })
    const host = await serveOnLoopback(async (_, response) => {
      response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.text())
    })
    onTestFinished(() => host.stop())

    const post = async (path: string, token: string, body: object) => {
      const answer = await fetch(`${edge.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return { status: answer.status, body: await answer.json() }
    }
    const root = await minted().mintFirebase(user('root', 'admin'))
    const made = await post('/v1/keys', root, { name: 'prometheus', scopes: ['metrics'] })
    const ask = await startPrometheus(edge.url, host.url, made.body.key)

    const ada = await minted().mintFirebase(user('ada'))
    const chat = { model: 'twohop-chat', messages: [{ role: 'user', content: 'hello' }], max_tokens: 2 }
    let firing: string[] = []
    for (let tries = 0; tries < 100 && !EXPECTED.every((name) => firing.includes(name)); tries++) {
      expect((await post('/v1/chat/completions', ada, chat)).status).toBe(503)
      await wait(500)
      const { alerts } = await ask('/api/v1/alerts')
      // A scrape that takes a busy machine longer than its second is a hop that is away.
      const names = alerts
        .filter(({ state }: Alert) => state === 'firing')
        .map(nameOf)
        .filter((name: string) => !name.endsWith('Away'))
      firing = [...new Set<string>(names)].toSorted()
    }
    expect(firing).toEqual(EXPECTED)
    const found = async (query: string) => (await ask(`/api/v1/query?query=${query}`)).result
    const up = async () =>
      (await found('up')).map(({ metric, value }: Sample) => [metric.job, value[1]]).toSorted()
    await expect.poll(up).toEqual([
      ['twohop-edge', '1'],
      ['twohop-host', '1'],
    ])
    await expect.poll(() => found('twohop_request_success_total')).toHaveLength(1)
    expect(await found('twohop_num_requests_waiting')).toHaveLength(0)
  })
})

type Alert = { state: string; labels: { alertname: string } }
type Sample = { metric: Record<string, string>; value: [number, string] }
const nameOf = ({ labels }: Alert) => labels.alertname
