import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROUTE_NAMES } from '../../../edge/routes/table.ts'
import { filesLike, ROOT } from '../../fixtures/pages.ts'

const page = readFileSync(join(ROOT, 'README.md'), 'utf8')
const section = (heading: string) => page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''

/** Paths that the README names as a whole, since another page has the routes below them. */
const WHOLE = ['/v1/keys', '/v1/admin', '/dashboard/']

it('the routes of README.md are all that the edge has', () => {
  const told = new Set(section('Routes').match(/(?<=[`\s])\/[^`\s,;?]+/g))
  const paths = ROUTE_NAMES.map((name) => name.replaceAll(/^\S+ |\{[^}]*\}/g, ''))
  expect(paths.length).toBeGreaterThan(20)
  expect(paths.filter((path) => !told.has(path) && !WHOLE.some((whole) => path.startsWith(whole)))).toEqual(
    [],
  )
})

it.each(['README.md', 'docs/benchmarks.md'])('a table of %s has each benchmark', (path) => {
  const script = readFileSync(join(ROOT, 'bench/run.ts'), 'utf8')
  const benchmarks = [...script.matchAll(/\.command\('(\w+)/g)].map(([, name]) => name)
  expect(benchmarks.length).toBeGreaterThan(5)
  const rows = readFileSync(join(ROOT, path), 'utf8').matchAll(/^\| `npm run bench -- (\w+)/gm)
  expect([...new Set([...rows].map(([, name]) => name))].sort()).toEqual(benchmarks.sort())
})

it('its list of pages has every page', () => {
  const pages = filesLike('docs/*.md')
  expect(pages.length).toBeGreaterThan(20)
  expect(pages.filter((path) => !section('More pages').includes(`](${path})`))).toEqual([])
})

it('the code that docs/architecture.md names is there', () => {
  const named = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8').matchAll(
    /`((?:edge|inference-host|shared|supabase)\/[\w./-]+)`/g,
  )
  const files = new Set(filesLike('{edge,inference-host,shared,supabase}/**'))
  const places = [...named].map(([, place = '']) => place)
  expect(places.length).toBeGreaterThan(60)
  expect(places.filter((place) => !files.has(place) && !files.has(place.replace(/\/$/, '')))).toEqual([])
})
