import { existsSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { textTable } from '../../cli/cost/table.ts'

/** What became of one fault; all numbers in units. */
export type Row = {
  fault: string
  /** The step, or what was under way. */
  where: string
  /** What the client saw. */
  client: string
  /** Units held when the fault came. */
  held: number
  /** Units that the budget's counters say were used, in the end. */
  charged: number
  /** Units in the ledger, in the end. */
  ledger: number
  /** Units that were computed and that nobody will be charged for: of a Redis that lost its data. */
  lost: number
}

export const isEqual = ({ charged, ledger }: Row) => charged === ledger

const PAGE = fileURLToPath(new URL('../../docs/faults.md', import.meta.url))
const FILE = fileURLToPath(new URL('../../.local/faults/rows.jsonl', import.meta.url))

/**
 * Adds rows to the table of this run; tests do so before they judge them.
 * @throws Error where docs/faults.md does not tell of one
 */
export async function addRows(...rows: Row[]): Promise<void> {
  await appendFile(FILE, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const page = (await readFile(PAGE, 'utf8')).replaceAll(/ +/g, ' ')
  for (const { fault, where } of rows)
    if (!page.includes(`| ${fault} | ${where} |`)) throw new Error(`docs/faults.md lacks ${fault}, ${where}`)
}

export async function clearRows(): Promise<void> {
  await mkdir(dirname(FILE), { recursive: true })
  await rm(FILE, { force: true })
}

/** The rows of the last run, each fault's together: files run side by side. Of a test that was tried again, its last ones. */
export function rowsOfRun(): Row[] {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''
  const rows = text
    .split('\n')
    .filter(Boolean)
    .map((line): Row => JSON.parse(line))
  const last = new Map(rows.map((row) => [`${row.fault}, ${row.where}`, row])).values()
  return Object.values(Object.groupBy(last, ({ fault }) => fault)).flatMap((group) => group ?? [])
}

/** The table for a terminal, with a line of sums under it. */
export function faultTable(rows: readonly Row[]): string {
  const columns = [
    ...['fault', 'where', 'the client saw'].map((title) => ({ title })),
    ...['held', 'charged', 'ledger', 'lost'].map((title) => ({ title, right: true })),
    { title: 'equal' },
  ]
  const cells = rows.map((row) => [
    row.fault,
    row.where,
    row.client,
    ...[row.held, row.charged, row.ledger, row.lost].map(String),
    isEqual(row) ? 'yes' : 'NO',
  ])
  const equal = rows.filter(isEqual).length
  return [...textTable(columns, cells), '', `${rows.length} faults, ${equal} equal.`].join('\n')
}
