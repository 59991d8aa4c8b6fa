import { existsSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { textTable } from '../../cli/cost/table.ts'

/** What became of one attack. */
export type Row = {
  kind: string
  what: string
  /** `<status> <code>` */
  seen: string
  /** Units by which any counter moved, and requests that reached the host, or that it computed. */
  units: number
  host: number
  held: boolean
}

const FILE = fileURLToPath(new URL('../../.local/attack/rows.jsonl', import.meta.url))

export async function clearRows(): Promise<void> {
  await mkdir(dirname(FILE), { recursive: true })
  await rm(FILE, { force: true })
}

export const addRow = (row: Row) => appendFile(FILE, `${JSON.stringify(row)}\n`)

/** The rows of the last run; of an attack that was tried again, its last one. */
export function rowsOfRun(): Row[] {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''
  const rows = text
    .split('\n')
    .filter(Boolean)
    .map((line): Row => JSON.parse(line))
  return [...new Map(rows.map((row) => [`${row.kind} > ${row.what}`, row])).values()]
}

/** A line a kind, for a terminal, and what got through by name. */
export function attackTable(rows: readonly Row[]): string {
  const kinds = Object.entries(Object.groupBy(rows, ({ kind }) => kind))
  const sum = (of: readonly Row[], field: 'units' | 'host') =>
    String(of.reduce((total, row) => total + row[field], 0))
  const line = (name: string, of: readonly Row[]) => [
    name,
    String(of.length),
    String(of.filter(({ held }) => held).length),
    sum(of, 'units'),
    sum(of, 'host'),
    [...new Set(of.map(({ seen }) => seen.split(' ')[0]))].toSorted().join(', '),
  ]
  const columns = [
    { title: 'kind' },
    ...['attacks', 'refused as stated', 'units moved', 'reached the host'].map((title) => ({
      title,
      right: true,
    })),
    { title: 'statuses' },
  ]
  const table = textTable(columns, [...kinds.map(([kind, of = []]) => line(kind, of)), line('all', rows)])
  const through = rows
    .filter(({ held }) => !held)
    .map(({ kind, what, seen }) => `NOT HELD: ${kind}: ${what}: ${seen}`)
  return [...table, ...through].join('\n')
}
