import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { windowsOf } from '../../../shared/media.ts'
import { ROOT } from '../../fixtures/pages.ts'

it('a recording is heard in windows of 30 s that overlap', () => {
  expect([1, 30, 31, 50, 51, 70, 120].map(windowsOf)).toEqual([1, 1, 2, 2, 3, 3, 6])
})

it('docs/media.md has the same numbers', () => {
  const page = readFileSync(path.join(ROOT, 'docs/media.md'), 'utf8')
  const rows = [...page.matchAll(/^\| +(\d+) \| +(\d+) \|$/gm)].map(([, seconds, windows]) =>
    [seconds, windows].map(Number),
  )
  expect(rows).toHaveLength(3)
  expect(rows.map(([seconds = 0]) => windowsOf(seconds))).toEqual(rows.map(([, windows]) => windows))
})
