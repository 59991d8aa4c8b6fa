import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import config from '../../../vitest.config.ts'
import { listedDecoding, listedPlaces } from '../../fixtures/floors.ts'
import { ROOT, repositoryFiles } from '../../fixtures/imports.ts'

const files = repositoryFiles()
const CODE = /\.(tsx?|mjs)$/
/** Files of a folder that are no floors: settings, data, and what a page is written in. */
const NO_FLOOR = /\.(json|md|html|css)$/

/** The folders (with a slash) and code files right in a folder. */
function placesIn(folder: string): string[] {
  const names = files.filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length))
  const places = names.map((name) => (name.includes('/') ? `${name.split('/')[0]}/` : name))
  return [...new Set(places)].filter((place) => !NO_FLOOR.test(place)).map((place) => `${folder}${place}`)
}

describe('docs/architecture.md', () => {
  it.each(['edge', 'inference-host', 'dashboard'])('lists every floor of %s, and no other', (hop) => {
    expect(listedPlaces(`floors of ${hop}`).sort()).toEqual(placesIn(`${hop}/`).sort())
  })

  it('lists every room of decoding/, and no other', () => {
    expect(listedDecoding().sort()).toEqual(placesIn('inference-host/decoding/').sort())
  })

  it('lists every folder beside the hops, and no other', () => {
    const folders = placesIn('').filter((place) => place.endsWith('/') && !place.startsWith('.'))
    const hops = ['edge/', 'inference-host/']
    expect([...listedPlaces('rooms'), ...hops].sort()).toEqual(folders.sort())
  })
})

describe('a source', () => {
  const lines = files.filter((file) => CODE.test(file) && !file.startsWith('models/'))

  it('has a name that says something, in small letters with dashes', () => {
    const empty = /(^|[/-])(utils?|utilities|helpers?|managers?|misc|common)[/.-]/
    expect(lines.filter((file) => empty.test(file) || /[A-Z_]/.test(file))).toEqual([])
  })

  it('is TypeScript, which the compiler and the other rules read', () => {
    const parts = files.filter((file) => /^(client|dashboard|edge|inference-host|shared)\//.test(file))
    expect(parts.filter((file) => /\.([cm][jt]s|jsx?)$/.test(file))).toEqual([])
  })

  it('has at most 400 lines, and what is for tests 520', () => {
    const linesOf = (file: string) => readFileSync(path.join(ROOT, file), 'utf8').trimEnd().split('\n').length
    const sources = files.filter((file) => /\.[cm]?[jt]sx?$/.test(file))
    expect(sources.length).toBeGreaterThan(1_000)
    const long = sources.filter((file) => linesOf(file) > (file.startsWith('test/') ? 520 : 400))
    expect(long).toEqual([])
  })
})

describe('a test', () => {
  it('has a project that CONTRIBUTING.md tells of', () => {
    const page = readFileSync(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8')
    const [, table = ''] = /^\| project .*\n([\s\S]*?)\n\n/m.exec(page) ?? []
    const told = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name)
    const names = config.test?.projects?.map((each) =>
      typeof each === 'object' && 'test' in each ? each.test?.name : each,
    )
    expect(told.toSorted()).toEqual(names?.toSorted())
  })

  it('is one of a project of vitest.config.ts, so that it runs', () => {
    const projects = config.test?.projects ?? []
    const included = projects.flatMap((each) =>
      typeof each === 'object' && 'test' in each ? (each.test?.include ?? []) : [],
    )
    const tests = files.filter((file) => /[.-](test|spec)\.[cm]?[jt]sx?$/.test(file))
    expect(tests.length).toBeGreaterThan(700)
    expect(tests.filter((file) => !included.some((each) => path.matchesGlob(file, each)))).toEqual([])
  })
})

describe('test/unit/', () => {
  it('mirrors the sources: each of its folders is one of theirs', () => {
    const folders = new Set(files.map((file) => file.split('/').slice(0, -1).join('/')))
    const stray = files
      .filter((file) => file.startsWith('test/unit/') && !/^test\/unit\/(docs|rules)\//.test(file))
      .map((file) => file.slice('test/unit/'.length).split('/').slice(0, -1).join('/'))
      .filter((folder) => folder !== '' && !folders.has(folder))
    expect([...new Set(stray)]).toEqual([])
  })

  it('holds tests alone; what they share is in test/fixtures/', () => {
    expect(files.filter((file) => file.startsWith('test/unit/') && !file.endsWith('.test.ts'))).toEqual([])
  })
})
