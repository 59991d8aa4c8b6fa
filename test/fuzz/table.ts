import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { textTable } from '../../cli/cost/table.ts'

/** What was answered to requests of one operation, by status. */
export type Tally = Record<string, Record<string, number>>
export type Run = { seed: number; requests: number; seconds: number; tally: Tally }

const FILE = fileURLToPath(new URL('../../.local/fuzz/run.json', import.meta.url))

export async function clearRows(): Promise<void> {
  await mkdir(dirname(FILE), { recursive: true })
  await rm(FILE, { force: true })
}

export const writeRun = (run: Run) => writeFile(FILE, JSON.stringify(run))

/** The last run; undefined where none came to its end. */
export function lastRun(): Run | undefined {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Run) : undefined
}

const CLASSES = ['2xx', '400', '401', '403', '404', '409', '429', 'other 4xx', '5xx']

/** Statuses by operation, for a terminal. */
export function fuzzTable({ seed, requests, seconds, tally }: Run): string {
  const row = (name: string, of: Record<string, number>) => [
    name,
    ...CLASSES.map((column) =>
      String(sum(Object.entries(of).filter(([status]) => classOf(status) === column))),
    ),
  ]
  const all: Record<string, number> = {}
  for (const of of Object.values(tally))
    for (const [status, count] of Object.entries(of)) all[status] = (all[status] ?? 0) + count
  const rows = Object.entries(tally).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const columns = [{ title: 'operation' }, ...CLASSES.map((title) => ({ title, right: true }))]
  return [
    ...textTable(columns, [...rows.map(([name, of]) => row(name, of)), row('all', all)]),
    '',
    `${requests} requests in ${seconds} s, seed ${seed} (TWOHOP_FUZZ_SEED=${seed} makes them again).`,
  ].join('\n')
}

function classOf(status: string): string {
  if (status.startsWith('2')) return '2xx'
  if (status.startsWith('5')) return '5xx'
  return CLASSES.includes(status) ? status : 'other 4xx'
}

const sum = (counts: [string, number][]) => counts.reduce((total, [, count]) => total + count, 0)
