import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { placed } from '../../../shared/placed.ts'
import { filesLike, ROOT } from '../../fixtures/pages.ts'

it('says the place before what is wrong, and none where all of it is wrong', () => {
  expect(placed(['plans', 0, 'id'], 'is missing')).toBe('plans.0.id: is missing')
  expect(placed([], 'must be a JSON object')).toBe('must be a JSON object')
})

it('is how every message names a place: none has an empty one', () => {
  const sources = filesLike('{bench,cli,deploy,edge,inference-host,local,shared,site}/**/*.ts')
  expect(sources.length).toBeGreaterThan(500)
  const bare = /\bpath\)?\.join\('\.'\)\}|plainPath\([^)]*\)\.join\('\.'\)\}/
  expect(sources.filter((file) => bare.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([])
})
