import { existsSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { textTable } from '../../cli/cost/table.ts'

/** What one runtime did in one case. */
export type Cell = { what: string; runtime: string; seen: string }

const FILE = fileURLToPath(new URL('../../.local/conformance/cells.jsonl', import.meta.url))

export async function clearCells(): Promise<void> {
  await mkdir(dirname(FILE), { recursive: true })
  await rm(FILE, { force: true })
}

export const addCell = (cell: Cell) => appendFile(FILE, `${JSON.stringify(cell)}\n`)

const PAGE = fileURLToPath(new URL('../../docs/runtimes.md', import.meta.url))

/** The table of docs/runtimes.md, cell by cell. */
export function cellsOfPage(): Cell[] {
  const [, after = ''] = readFileSync(PAGE, 'utf8').split('<!-- conformance -->\n')
  const [table = ''] = after.split('\n\n')
  const [head = [], , ...rows] = table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const [, ...runtimes] = head
  return rows.flatMap(([what = '', ...seen]) =>
    runtimes.map((runtime, at) => ({ what, runtime, seen: seen[at] ?? '' })),
  )
}

/** The cells of the last run; of a case that was tried again, its last one. */
export function cellsOfRun(): Cell[] {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''
  const cells = text
    .split('\n')
    .filter(Boolean)
    .map((line): Cell => JSON.parse(line))
  return [...new Map(cells.map((cell) => [`${cell.runtime} > ${cell.what}`, cell])).values()]
}

/** Titles and rows: a row a case, a column a runtime. `-` where a runtime was not asked. */
function tableOf(cells: readonly Cell[]): { titles: string[]; rows: string[][] } {
  const runtimes = [...new Set(cells.map(({ runtime }) => runtime))]
  const cases = [...new Set(cells.map(({ what }) => what))]
  const seen = (what: string, runtime: string) =>
    cells.find((cell) => cell.what === what && cell.runtime === runtime)?.seen ?? '-'
  return {
    titles: ['case', ...runtimes],
    rows: cases.map((what) => [what, ...runtimes.map((runtime) => seen(what, runtime))]),
  }
}

/** The table for a terminal. */
export function conformanceTable(cells: readonly Cell[]): string {
  const { titles, rows } = tableOf(cells)
  return textTable(
    titles.map((title) => ({ title })),
    rows,
  ).join('\n')
}
