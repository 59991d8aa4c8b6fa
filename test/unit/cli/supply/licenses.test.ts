import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { countsOf, isTaken, licensesOf } from '../../../../cli/supply/licenses.ts'
import { ROOT } from '../../../fixtures/pages.ts'

const read = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))

it.each(['package-lock.json', 'examples/extension/package-lock.json'])(
  'every package of %s has a license that is on the list',
  (path) => {
    const packages = licensesOf(read(path))
    expect(packages.length).toBeGreaterThan(100)
    expect(packages.filter(({ license }) => !isTaken(license))).toEqual([])
  },
)

it.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0-only)', true],
  ['MIT AND GPL-3.0-only', false],
  ['Apache-2.0 AND LGPL-3.0-or-later AND MIT', true],
  ['GPL-3.0-only', false],
  ['none', false],
  ['', false],
])('%s is taken: %s', (expression, taken) => expect(isTaken(expression)).toBe(taken))

it('counts packages by license, and names what has none', () => {
  const lock = {
    packages: {
      '': { license: 'MIT' },
      'node_modules/a': { version: '1.0.0', license: 'MIT' },
      'node_modules/a/node_modules/@b/c': { version: '2.0.0' },
      'node_modules/limiter': { version: '1.1.5' },
    },
  }
  const packages = licensesOf(lock)
  expect(packages.map(({ name, license }) => `${name} ${license}`)).toEqual([
    'a MIT',
    '@b/c none',
    'limiter MIT',
  ])
  expect(countsOf(packages)).toEqual([
    ['MIT', 2],
    ['none', 1],
  ])
})
