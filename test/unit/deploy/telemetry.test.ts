import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { EDGE_METRICS, EDGE_PREFIX } from '../../../edge/stats/metric-names.ts'
import {
  COUNTERS,
  HISTOGRAMS,
  MODEL_GAUGES,
  PREFIX,
  PROCESS_GAUGES,
} from '../../../inference-host/metrics/names.ts'
import { ROOT } from '../../fixtures/pages.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const rules = read('deploy/prometheus/twohop.rules.yml')
const page = read('docs/operations.md')

const series = (name: string, isHistogram: boolean) =>
  isHistogram ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name]
const there = new Set([
  ...Object.entries(EDGE_METRICS).flatMap(([name, { type }]) =>
    series(EDGE_PREFIX + name, type === 'histogram'),
  ),
  ...Object.keys({ ...COUNTERS, ...MODEL_GAUGES, ...PROCESS_GAUGES }).map((name) => PREFIX + name),
  ...Object.keys(HISTOGRAMS).flatMap((name) => series(PREFIX + name, true)),
])

type Rule = { alert: string; expr: string; annotations: { summary: string; runbook: string } }
const alerts: Rule[] = parse(rules).groups.flatMap(({ rules: all }: { rules: Rule[] }) => all)

/** The metrics in an expression or a whole dashboard. */
const named = (text: string) => [...text.matchAll(/\btwohop_\w+/g)].map(([name]) => name)

describe.each([
  ['deploy/prometheus/twohop.rules.yml', 14],
  ['deploy/grafana/edge.json', 10],
  ['deploy/grafana/host.json', 15],
])('%s', (file, least) => {
  it('names metrics that there are', () => {
    const names = new Set(named(read(file)))
    expect(names.size).toBeGreaterThanOrEqual(least)
    expect([...names].filter((name) => !there.has(name))).toEqual([])
  })
})

it('every metric of the edge is in its dashboard or in a rule', () => {
  const shown = new Set(named(read('deploy/grafana/edge.json') + rules))
  const own = [...there].filter((name) => name.startsWith(EDGE_PREFIX) && !/_(sum|count)$/.test(name))
  expect(own.filter((name) => !shown.has(name))).toEqual([])
})

it('each alert has its entry in the page, and no other is there', () => {
  const [, after = ''] = page.split('\n## Alerts\n')
  const entries = [...(after.split('\n## ')[0] ?? '').matchAll(/^### (\w+)$/gm)].map(([, name]) => name)
  expect(entries).toEqual(alerts.map(({ alert }) => alert))
  for (const { alert, annotations } of alerts)
    expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`)
})
