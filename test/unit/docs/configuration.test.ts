import { readFile } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FIREBASE_VARIABLES } from '../../../edge/runtime/firebase-variables.ts'
import { NODE_VARIABLES } from '../../../edge/runtime/node-variables.ts'
import { SUPABASE_VARIABLES } from '../../../edge/runtime/supabase-variables.ts'
import { EDGE_VARIABLES } from '../../../edge/runtime/variables.ts'
import { VARIABLES } from '../../../inference-host/config.ts'
import { ERRORS } from '../../../shared/errors.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const page = (name: string) => readFile(`${root}${name}`, 'utf8')

/** A variable as its table must have it. Both hops' tables in code fit. */
type Row = { unit: string; fallback: string | undefined; called?: string; secret?: true }

/** The table that follows a marker, each row by its first cell, each cell by its column's head, code marks aside. */
async function tableAt(marker: string): Promise<Record<string, Record<string, string>>> {
  const pages = await Promise.all(
    ['docs/configuration.md', 'README.md'].map((name) => page(name).catch(() => '')),
  )
  const [, after = ''] = pages.find((text) => text.includes(marker))?.split(marker) ?? []
  const [table = ''] = after.trimStart().split('\n\n')
  const [heads = [], , ...rows] = table.split('\n').map(cells)
  return Object.fromEntries(
    rows.map((row) => [row[0], Object.fromEntries(heads.map((head, i) => [head, row[i]]))]),
  )
}

function cells(line: string): string[] {
  const inner = line.trim().replace(/^\||\|$/g, '')
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('`', '').replaceAll('\\|', '|'))
}

/** A default as the page writes it: a path from the project's root, else as it would be set. */
function shownDefault({ fallback, called }: Row): string {
  if (fallback === undefined) return 'required'
  if (called !== undefined) return called
  if (fallback === '') return 'none'
  return isAbsolute(fallback) ? relative(root, fallback) : fallback
}

describe('the documentation', () => {
  it('lists every error code with its status, and no other', async () => {
    const text = await page('docs/errors.md')
    const listed = Object.fromEntries(
      [...text.matchAll(/^\| (\d{3}) +\| `(\w+)` +\|/gm)].map(([, status, code]) => [code, Number(status)]),
    )
    expect(listed).toEqual(
      Object.fromEntries(Object.entries(ERRORS).map(([code, { status }]) => [code, status])),
    )
  })

  it('says of every error that a client may see whether to try again', async () => {
    const text = await page('docs/errors.md')
    const rows = text.matchAll(/^\| \d{3} +\| `(\w+)` +\| (?:`(true|false)`)? *\| .* \| .* \|$/gm)
    const listed = Object.fromEntries([...rows].map(([, code, again]) => [code, again]))
    const seen = Object.entries<{ status: number; retry?: boolean }>(ERRORS).filter(
      // What only the edge may see.
      ([code]) => !code.startsWith('service_') && code !== 'cancelled',
    )
    expect(listed).toEqual(
      Object.fromEntries(
        seen.map(([code, { retry }]) => [code, retry === undefined ? retry : String(retry)]),
      ),
    )
  })

  it.each([
    ['edge', EDGE_VARIABLES],
    ['node', NODE_VARIABLES],
    ['supabase', SUPABASE_VARIABLES],
    ['firebase', FIREBASE_VARIABLES],
    ['host', VARIABLES],
  ] as [string, Record<string, Row>][])(
    'lists every variable of the %s with its default and unit, and no other',
    async (hop, variables) => {
      const table = await tableAt(`<!-- ${hop} variables -->`)
      expect(Object.keys(table).toSorted()).toEqual(Object.keys(variables).toSorted())
      // What is none may be explained: "none: the host takes no jobs".
      const stated = Object.entries(table).map(([name, row]) => [
        name,
        row.default?.replace(/^none: .*/, 'none'),
        row.unit,
      ])
      const coded = Object.entries(variables).map(([name, row]) => [name, shownDefault(row), row.unit])
      expect(stated.toSorted()).toEqual(coded.toSorted())
    },
  )

  it.each(['', 'env.staging.'])(
    'has in wrangler.toml what each worker must be given: [%svars]',
    async (of) => {
      const sections = (await page('wrangler.toml')).split(/^\[/m)
      const section = (name: string) => sections.find((text) => text.startsWith(`${of}${name}]`)) ?? ''
      const needed = Object.entries<Row>(EDGE_VARIABLES).filter(([, { fallback }]) => fallback === undefined)
      const [secrets, plain] = [true, undefined].map((kind) =>
        needed.flatMap(([name, { secret }]) => (secret === kind ? [name] : [])),
      )
      const [, required = ''] = /^required = (\[.*\])$/m.exec(section('secrets')) ?? []
      expect(JSON.parse(required).toSorted()).toEqual(secrets?.toSorted())
      const vars = [...section('vars').matchAll(/^(\w+) = /gm)].map(([, name]) => name)
      expect(vars).toEqual(expect.arrayContaining(plain ?? []))
    },
  )

  it('says of every secret of the edge that it is one', async () => {
    const table = await tableAt('<!-- edge variables -->')
    const said = Object.entries(table).flatMap(([name, { meaning }]) =>
      meaning?.includes('(secret)') ? [name] : [],
    )
    const secret = Object.entries<Row>(EDGE_VARIABLES).flatMap(([name, row]) => (row.secret ? [name] : []))
    expect(said.toSorted()).toEqual(secret.toSorted())
  })
})
