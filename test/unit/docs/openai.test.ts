import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { withTable } from '../../../site/reference/table.ts'
import { fieldTables, messagesTables } from '../../fixtures/openai/tables.ts'
import { ROOT } from '../../fixtures/pages.ts'

const PAGES = [
  ['docs/openai.md', fieldTables],
  ['docs/anthropic.md', messagesTables],
] as const

/** `npm test -- test/unit/docs/openai.test.ts -u` writes the tables anew. */
it.each(PAGES)('%s has the tables of fields that the schemas give', async (name, tables) => {
  const file = path.join(ROOT, name)
  const page = tables().reduce(
    (text, table) => withTable(text, `fields: ${table.name}`, table.text),
    readFileSync(file, 'utf8'),
  )
  await expect(page).toMatchFileSnapshot(file)
})

it('has a note only where there is something to say, in whole sentences', () => {
  const notes = [...fieldTables(), ...messagesTables()].flatMap(({ text }) =>
    text
      .split('\n')
      .slice(2)
      .map((row) => row.split('|').at(-2)?.trim() ?? ''),
  )
  expect(notes.length).toBeGreaterThan(80)
  expect(notes.filter((note) => note !== '' && !/^[A-Z0-9`[].*\.$/.test(note))).toEqual([])
})
