import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../../fixtures/pages.ts'

const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')
const [table = ''] = (page.split('<!-- proofs -->\n\n')[1] ?? '').split('\n\n')
const proofs = table
  .split('\n')
  .slice(2)
  .map((row) => /\| `([^`]+)`: (.+?) *\|$/.exec(row) ?? [row])

it('docs/security.md names for each line a test that there is', () => {
  expect(proofs.length).toBeGreaterThan(20)
  for (const [row, file = '', title = ''] of proofs) {
    expect(title, row).not.toBe('')
    // A formatter may put a title between other quotes.
    const source = readFileSync(join(ROOT, file), 'utf8').replaceAll("\\'", "'")
    expect(source.includes(title), `${file} has no ${title}`).toBe(true)
  }
})

it('and each attacker that it names has a line, or is said to be unsolved', () => {
  const attackers = [...page.matchAll(/^- \*\*An? ([^*]+)\*\*/gm)].map(([, who = '']) => who)
  expect(attackers.length).toBeGreaterThan(6)
  const said = page.slice(page.indexOf('<!-- proofs -->')).toLowerCase()
  for (const who of attackers) expect(said, who).toContain(who.toLowerCase().split(' ')[0])
})
