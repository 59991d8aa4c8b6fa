import type { Device } from '../../inference-host/device/port.ts'
import type { Form } from './forms.ts'

/** Streams at once that are measured. */
export const STREAMS = [1, 16, 64] as const

/** What was measured of a form on a device. */
export type Row = {
  device: Device
  form: Form
  /** Whether requests were batched, or why not, or why nothing ran. */
  batched: string
  /** How many answers were those of the CPU, of how many. */
  same?: { equal: number; of: number }
  /** Output tokens a second, prompts included, by the streams at once. */
  tokensPerSecond: ReadonlyMap<number, number>
}

/** The rows as a table in Markdown, for docs/gpu.md. */
export function gpuTable(rows: readonly Row[], streams: readonly number[]): string {
  const head = [
    'device',
    'form',
    'batched',
    'answers as on the CPU',
    ...streams.map((n) => `tokens/s x ${n}`),
  ]
  const body = rows.map(({ device, form, batched, same, tokensPerSecond }) => [
    device,
    `\`${form}\``,
    batched,
    same ? `${same.equal} of ${same.of}` : 'not measured',
    ...streams.map((n) => tokensPerSecond.get(n)?.toFixed(0) ?? 'not measured'),
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}
