import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { textTable } from '../../cli/cost/table.ts'

/** One feature of one client, and whether it works: `ok`, or the reason why it does not or was not tried. */
export type Row = { client: string; version: string; feature: string; here: string }

const PAGE = join(import.meta.dirname, '../../docs/clients.md')

/** The table of docs/clients.md, row by row. */
export function rowsOfPage(): Row[] {
  const [, after = ''] = readFileSync(PAGE, 'utf8').split('<!-- clients -->\n')
  const [table = ''] = after.split('\n\n')
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => {
      const [client = '', version = '', feature = '', here = ''] = line
        .replaceAll('`', '')
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
      return { client, version, feature, here }
    })
}

/** Rows for a terminal. */
export function clientsTable(rows: readonly Row[]): string {
  const titles = ['client', 'version', 'feature', 'here'].map((title) => ({ title }))
  return textTable(
    titles,
    rows.map(({ client, version, feature, here }) => [client, version, feature, here]),
  ).join('\n')
}
