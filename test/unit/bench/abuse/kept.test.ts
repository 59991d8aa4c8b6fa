import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { basis, KEPT_FIGURES, type Kept } from '../../../../bench/abuse/kept.ts'
import { MONTH } from '../../../../bench/abuse/people.ts'
import { ROOT } from '../../../fixtures/pages.ts'

/** Until the month has been played with `--keep`, its benchmark alone is named for what the page shows. */
const isKept = existsSync(KEPT_FIGURES)
const kept = (): Kept => JSON.parse(readFileSync(KEPT_FIGURES, 'utf8'))

/** The rows of the table under "A month", by the heads of its columns. */
function rowsOfPage(): Record<string, string>[] {
  const [, section = ''] = readFileSync(join(ROOT, 'docs/abuse.md'), 'utf8').split('## A month')
  const lines = section.split('\n').filter((line) => line.startsWith('|'))
  const [heads = [], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return rows.map((row) => Object.fromEntries(heads.map((head, i) => [head, row[i] ?? ''])))
}

it.skipIf(!isKept)('docs/abuse.md shows the month as it was played', () => {
  const { rows, ...how } = kept()
  expect(rowsOfPage()).toEqual(rows)
  expect(how).toMatchObject({ seed: 1, at: 50 })
  expect(rows.map(({ who }) => who)).toEqual(Object.keys(MONTH))
})

it.skipIf(!isKept)(
  'the month was played with the scores as they are: else `npm run bench -- abuse --keep` does it again',
  () => {
    expect(kept().basis).toBe(basis())
  },
)
