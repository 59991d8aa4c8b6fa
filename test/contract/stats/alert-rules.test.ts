import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { noPrometheus, prometheus, promtool, RULES } from '../../fixtures/prometheus.ts'

/** Each series ends with the day that is looked at, which has one a week before it. */
const DAYS = 9
const TODAY = DAYS - 1
const HOURS_OF_WORK = 8
/** What an hour of the night has of one of work. */
const BY_NIGHT = 0.1
const A_DAY = HOURS_OF_WORK + (24 - HOURS_OF_WORK) * BY_NIGHT
const ALL_DAY = Array.from({ length: 8 }, (_, i) => TODAY * 24 + 3 * i + 1)

/** A counter, hour by hour, of an app that is used by day: so many more in each hour of work. */
function counter(perHour: (day: number) => number): string {
  let count = 0
  const hours = Array.from({ length: DAYS * 24 }, (_, hour) => {
    count += (hour % 24 < HOURS_OF_WORK ? 1 : BY_NIGHT) * perHour(Math.floor(hour / 24))
    return count
  })
  return [0, ...hours].join(' ')
}

type Wanted = { perHour: (day: number) => number; fires: readonly string[]; at: readonly number[] }

/** A test for promtool: which spending alerts fire at these hours, where the forecast was made for 100 in an hour of work. */
function ruleTest(name: string, { perHour, fires, at }: Wanted) {
  const expr = 'count by (alertname) (ALERTS{alertstate="firing", alertname=~"TwohopEdgeSpend.*"})'
  return {
    ...{ name, interval: '1h' },
    input_series: [
      ...['requests', 'units'].map((what) => ({
        series: `twohop_edge_${what}_total{model="m"}`,
        values: counter(perHour),
      })),
      { series: 'twohop_edge_forecast_requests', values: `${100 * A_DAY * 30}+0x${DAYS * 24}` },
    ],
    promql_expr_test: at.map((hour) => ({
      ...{ expr, eval_time: `${hour}h` },
      exp_samples: fires.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
    })),
  }
}

it.skipIf(!prometheus)(
  `alerts on spending are silent in the hours of work, on a Monday and on the first day, and fire on a day that has twice as much${noPrometheus}`,
  async () => {
    const none = { fires: [], at: ALL_DAY }
    const tests = [
      ruleTest('used by day, as much as was forecast', { perHour: () => 100, ...none }),
      ruleTest('a Monday like others', { perHour: (day) => (day % 7 === 0 ? 20 : 100), ...none }),
      ruleTest('the first day that anybody comes', { perHour: (day) => (day < TODAY ? 0 : 100), ...none }),
      ruleTest('a day that has twice as much', {
        perHour: (day) => (day < TODAY ? 100 : 200),
        fires: ['TwohopEdgeSpendAboveForecast', 'TwohopEdgeSpendJump'],
        at: [TODAY * 24 + 8, TODAY * 24 + 20],
      }),
    ]
    const folder = await mkdtemp(join(tmpdir(), 'twohop-rules-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'tests.yml')
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1h', tests }))
    const { status, stdout, stderr } = spawnSync(promtool, ['test', 'rules', file], { encoding: 'utf8' })
    expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('SUCCESS')])
  },
)

it('no alert reads what a month costs, which begins anew with each month', () => {
  expect(readFileSync(RULES, 'utf8')).not.toContain('cost_usd')
})
