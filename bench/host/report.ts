import type { machine } from './machine.ts'
import type { Finding, Result } from './measurement.ts'
import type { BenchModel } from './models.ts'

type Report = {
  machine: ReturnType<typeof machine>
  models: Readonly<Record<string, BenchModel>>
  rounds: number
  quick: boolean
  results: readonly Result[]
}

/** The result as text: one table in Markdown of goals and figures, ready for the documentation. */
export function report({ machine: on, models, rounds, quick, results }: Report): string {
  const findings = results.flatMap((result) => ('findings' in result ? result.findings : []))
  const failures = results.flatMap((result) =>
    'failed' in result ? [`${result.name}: ${result.failed}`] : [],
  )
  return [
    ...Object.entries(models).map(([use, model]) => `model for ${use}: ${nameOf(model)}`),
    `on ${on.cpu}, ${on.cores} cores (${on.instructions?.join(', ') ?? 'instructions unknown'}), Node ${on.node},`,
    `onnxruntime ${on.onnxruntime}, transformers.js ${on.transformers}; ${quick ? 'smaller loads, not to quote' : `rounds: ${rounds}`}`,
    '',
    ...table(['', 'asked', 'seen', 'spread', 'behind it'], findings.map(row)),
    ...failures,
  ].join('\n')
}

function nameOf({ id, randomWeights }: BenchModel): string {
  return randomWeights === undefined ? id : `${id}: RANDOM WEIGHTS, for speed alone (${randomWeights})`
}

function row({ what, asked, seen, unit, spread, note }: Finding): string[] {
  return [
    what,
    asked === undefined ? '' : `at ${asked.at} ${figure(asked.value, unit)}`,
    figure(seen, unit),
    spread === undefined ? '' : `${short(spread.min)} to ${short(spread.max)}`,
    note ?? '',
  ]
}

function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((cells) => cells[column]?.length ?? 0)),
  )
  const line = (cells: string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}

function figure(value: number, unit: Finding['unit']): string {
  return unit === 'x' ? `${short(value)}x` : `${short(value)} ${unit}`
}

function short(value: number): string {
  return Math.abs(value) >= 100
    ? value.toFixed(0)
    : Math.abs(value) >= 10
      ? value.toFixed(1)
      : value.toFixed(2)
}
