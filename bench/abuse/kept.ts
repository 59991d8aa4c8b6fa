import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ANOMALY_LUA } from '../../edge/budget/anomaly.lua.ts'

/** The figures of the month that docs/abuse.md shows, as the benchmark wrote them last. */
export const KEPT_FIGURES = join(import.meta.dirname, '../../test/fixtures/figures/abuse-month.json')

/** A row of the table, by the heads of its columns. */
export type KeptRow = Record<string, string>

/** The figures, and what they were made of: whoever changes that has to play the month again. */
export type Kept = { seed: number; at: number; basis: string; rows: KeptRow[] }

/** SHA-256 of what the figures depend on: the script that scores, the people, and how their month is played. */
export function basis(): string {
  const hash = createHash('sha256').update(ANOMALY_LUA)
  for (const file of ['people.ts', 'play.ts']) hash.update(readFileSync(join(import.meta.dirname, file)))
  return hash.digest('hex')
}

/** Writes the figures down. */
export function keepFigures(kept: Omit<Kept, 'basis'>): void {
  writeFileSync(KEPT_FIGURES, `${JSON.stringify({ ...kept, basis: basis() }, null, 2)}\n`)
}
