import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { fieldTables } from '../../fixtures/openai/tables.ts'
import { ROOT } from '../../fixtures/pages.ts'

const PAGE = path.join(ROOT, 'docs/openai.md')

/** `npm test -- test/unit/docs/openai.test.ts -u` writes the tables anew. */
it('has the tables of fields that the schemas give', async () => {
  const page = fieldTables().reduce(
    (text, { name, text: table }) => {
      const marker = `<!-- fields: ${name} -->\n`
      const [before, after] = text.split(marker)
      if (before === undefined || after === undefined) throw new Error(`the page has no place for ${name}`)
      return `${before}${marker}${table}\n${after.replace(/^(.+\n)*/, '')}`
    },
    readFileSync(PAGE, 'utf8'),
  )
  await expect(page).toMatchFileSnapshot(PAGE)
})

it('has a note only where there is something to say, in whole sentences', () => {
  const notes = fieldTables().flatMap(({ text }) =>
    text
      .split('\n')
      .slice(2)
      .map((row) => row.split('|').at(-2)?.trim() ?? ''),
  )
  expect(notes.length).toBeGreaterThan(80)
  expect(notes.filter((note) => note !== '' && !/^[A-Z0-9`[].*\.$/.test(note))).toEqual([])
})
