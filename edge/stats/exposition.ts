import { BUCKETS_MS, type Histogram } from './buckets.ts'
import { EDGE_METRICS, EDGE_PREFIX, type EdgeMetric } from './metric-names.ts'

type Labels = Readonly<Record<string, string>>
type Sample = { labels: Labels; value: number | Histogram }

/** The samples of each metric. One without samples is not written. */
export type Samples = Partial<Record<EdgeMetric, Sample[]>>

/** The content type of Prometheus's text format. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Metrics in Prometheus's text format (prometheus.io/docs/instrumenting/exposition_formats). */
export function exposition(samples: Samples): string {
  return (Object.keys(EDGE_METRICS) as EdgeMetric[])
    .flatMap((metric) => {
      const found = samples[metric] ?? []
      if (found.length === 0) return []
      const { type, help } = EDGE_METRICS[metric]
      const name = EDGE_PREFIX + metric
      return [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...found.flatMap((one) => linesOf(name, one)),
      ]
    })
    .map((line) => `${line}\n`)
    .join('')
}

function linesOf(name: string, { labels, value }: Sample): string[] {
  if (typeof value === 'number') return [`${name}${written(labels)} ${value}`]
  let total = 0
  const buckets = value.counts.map((count, i) => {
    total += count
    const bound = BUCKETS_MS[i]
    const le = bound === undefined ? '+Inf' : String(bound / 1000)
    return `${name}_bucket${written({ ...labels, le })} ${total}`
  })
  return [
    ...buckets,
    `${name}_sum${written(labels)} ${value.sumMs / 1000}`,
    `${name}_count${written(labels)} ${total}`,
  ]
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escaped(text)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
