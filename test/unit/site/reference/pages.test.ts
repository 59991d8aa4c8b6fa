import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../../../shared/errors.ts'
import { clientErrors, edgeErrors } from '../../../../site/reference/errors.ts'
import { withTable } from '../../../../site/reference/table.ts'
import { VARIABLE_TABLES } from '../../../../site/reference/variables.ts'
import { ROOT } from '../../../fixtures/pages.ts'

/** The tables of each page, by their markers. */
const PAGES: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'docs/configuration.md': VARIABLE_TABLES,
  'docs/errors.md': { 'errors of clients': clientErrors, 'errors of the edge': edgeErrors },
}

/** `npm test -- test/unit/site/reference -u` writes the tables anew. */
it.each(Object.entries(PAGES))('%s has the tables that the code gives', async (name, tables) => {
  const file = join(ROOT, name)
  const page = Object.entries(tables).reduce(
    (text, [marker, table]) => withTable(text, marker, table()),
    readFileSync(file, 'utf8'),
  )
  await expect(page).toMatchFileSnapshot(file)
})

describe('the tables', () => {
  it('have each code once, and each with what to do where a client may see it', () => {
    const codes = (table: string) => [...table.matchAll(/^\| \d{3} +\| `(\w+)`/gm)].map(([, code]) => code)
    const all = [...codes(clientErrors()), ...codes(edgeErrors())]
    expect(all.toSorted()).toEqual(Object.keys(ERRORS).toSorted())
    const mute = clientErrors()
      .split('\n')
      .slice(2)
      .filter((row) => row.split('|')[4]?.trim() === '')
    expect(mute).toEqual([])
  })

  it('say how an answer with the code is sent', () => {
    const rows = clientErrors().split('\n')
    const end = (code: string) =>
      rows
        .find((row) => row.includes(`| \`${code}\``))
        ?.split('|')
        .slice(-4, -1)
        .map((cell) => cell.trim())
    expect(end('token_expired')).toEqual(['`true`', '', '`nothing`'])
    expect(end('budget_exhausted')).toEqual(['`false`', 'where it passes', '`nothing`'])
    expect(end('host_busy')).toEqual(['', 'yes', '`time`'])
    expect(end('host_timeout')).toEqual(['', 'yes', '`computed`'])
  })

  it('name what is secret, what is required, and paths from the root', () => {
    const rows = Object.values(VARIABLE_TABLES).flatMap((table) => table().split('\n'))
    const row = (name: string) => rows.find((one) => one.startsWith(`| \`${name}\``))?.replaceAll(/ +/g, ' ')
    expect(row('SERVICE_TOKEN_PRIVATE_KEY')).toBe(
      '| `SERVICE_TOKEN_PRIVATE_KEY` | Ed25519 key that signs service tokens (secret) | required | JWK |',
    )
    expect(row('MODELS_FILE')).toContain('| `inference-host/models.json` | path |')
    expect(row('FIREBASE_JWKS_URL')).toContain("| Google's | URL |")
  })
})

describe('a page', () => {
  it('gets a table in the place of the one after its marker, and keeps all else', () => {
    expect(withTable('a\n\n<!-- x -->\n| b |\n| - |\n\nc\n', 'x', '| d |')).toBe(
      'a\n\n<!-- x -->\n| d |\n\nc\n',
    )
    expect(withTable('<!-- x -->\n\nc\n', 'x', '| d |')).toBe('<!-- x -->\n| d |\n\nc\n')
    expect(() => withTable('a\n', 'x', '| d |')).toThrow('the page has no place for x')
  })
})
