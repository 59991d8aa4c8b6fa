import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DASHBOARDS, panelsOf, textOf } from '../../fixtures/grafana.ts'
import { ROOT } from '../../fixtures/pages.ts'

/** Where the types of Grafana's own package are found. */
const FOLDER = join(ROOT, '.local/grafana-types')

/** What Grafana's types leave open: the options of a panel, its field's own, and the queries of Prometheus. */
const STRICT = `
import type { DataQuery, DataSourceRef, Dashboard, FieldConfig, GraphFieldConfig, Panel } from '@grafana/schema'
import type { Options } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen'
type Field = Omit<FieldConfig, 'custom'> & { custom?: GraphFieldConfig }
type Chart = Omit<Panel, 'type' | 'targets' | 'options' | 'fieldConfig' | 'datasource' | 'title' | 'id' | 'gridPos'> &
  Required<Pick<Panel, 'title' | 'id' | 'gridPos'>> & {
    type: 'timeseries'
    datasource: Required<Pick<DataSourceRef, 'type' | 'uid'>>
    fieldConfig: { defaults: Field & { unit: string }; overrides: [] }
    options?: Options
    targets: (DataQuery & { expr: string; legendFormat: string })[]
  }
type Strict = Omit<Dashboard, 'panels'> & Required<Pick<Dashboard, 'uid' | 'title'>> & { panels: Chart[] }
`

/** What TypeScript says against texts as dashboards; each member is one that Grafana has, with a value that it takes. */
function complaintOf(texts: readonly string[]): string {
  mkdirSync(FOLDER, { recursive: true })
  const file = join(FOLDER, `${process.pid}.ts`)
  writeFileSync(file, `${STRICT}${texts.map((text, i) => `export const d${i}: Strict = ${text}\n`).join('')}`)
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023']
  const { stdout, error } = spawnSync(
    join(ROOT, 'node_modules/.bin/tsc'),
    [...options, '--module', 'esnext', '--moduleResolution', 'bundler', '--types', '', file],
    { encoding: 'utf8', cwd: ROOT },
  )
  rmSync(file)
  if (error) throw error
  return stdout
}

describe('the dashboards of Grafana', () => {
  it("are of the types that Grafana's own package has", () => {
    expect(complaintOf(DASHBOARDS.map(textOf))).toBe('')
    const [first = ''] = DASHBOARDS.map(textOf)
    for (const [right, wrong] of [
      ['"legendFormat"', '"legend"'],
      ['"overrides": []', '"override": []'],
      ['"timeseries"', '"graph"'],
      ['"schemaVersion": 39', '"schemaVersion": "39"'],
      ['"type": "datasource"', '"type": "data"'],
    ] as const) {
      expect(first).toContain(right)
      expect(complaintOf([first.replace(right, wrong)]), wrong).toContain('error TS')
    }
  })

  it.each(DASHBOARDS)('%s has panels beside each other, each with its own number and letters', (file) => {
    const panels = panelsOf(file)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
    const taken = new Set<string>()
    for (const {
      title,
      targets,
      gridPos: { x, y, w, h },
    } of panels) {
      expect(
        targets.map(({ refId }) => refId),
        title,
      ).toEqual(targets.map((_, i) => String.fromCharCode(65 + i)))
      expect(x + w, title).toBeLessThanOrEqual(24)
      for (let left = x; left < x + w; left++)
        for (let top = y; top < y + h; top++) {
          const place = `${left},${top}`
          expect(taken.has(place), `${title} at ${place}`).toBe(false)
          taken.add(place)
        }
    }
  })

  it.each(DASHBOARDS)('%s asks for counters by their rate alone, over as long as Grafana says', (file) => {
    for (const { title, targets } of panelsOf(file))
      for (const { expr } of targets) {
        for (const [, before = ''] of expr.matchAll(/(\w+\()?\btwohop_\w+_(?:total|bucket)\b/g))
          expect(before, `${title}: ${expr}`).toMatch(/^(?:rate|increase)\($/)
        for (const [, range] of expr.matchAll(/\[(.*?)\]/g))
          expect(['$__rate_interval', '1h'], title).toContain(range)
        if (expr.includes('histogram_quantile')) expect(expr, title).toMatch(/sum by \(le\b/)
      }
  })
})
