import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT, readSources, repositoryFiles } from '../../fixtures/imports.ts'

const STRUCTURE = 'inference-host/decoding/structure/'
/** From the top down. What lies beside the rooms is below the pool alone. */
const ROOMS = ['pool', '', 'schema', 'language', 'grammar']

const sources = readSources(
  repositoryFiles().filter((file) => file.startsWith(STRUCTURE) && file.endsWith('.ts')),
)

/** The room's place from the top; -1 for a room that is none of these. */
function placeOf(file: string): number {
  const [room = '', ...rest] = file.slice(STRUCTURE.length).split('/')
  return ROOMS.indexOf(rest.length === 0 ? '' : room)
}

it('docs/architecture.md says them in this order', () => {
  const page = readFileSync(path.join(ROOT, 'docs/architecture.md'), 'utf8')
  const [, said = ''] =
    /^The rooms of `inference-host\/decoding\/structure\/` ([\s\S]*?)\n\n/m.exec(page) ?? []
  const names = [...said.matchAll(/(\w+) \(|the\s+files\s+beside the rooms/g)].map(([, room = '']) => room)
  expect(names).toEqual(ROOMS)
})

it('decoding/structure/ has these rooms', () => {
  const places = new Set(sources.map(({ file }) => placeOf(file)))
  expect([...places].sort()).toEqual([...ROOMS.keys()])
})

it('imports of decoding/structure/ run downward', () => {
  const upward = sources.flatMap(({ file, files }) =>
    files
      .filter((imported) => imported.startsWith(STRUCTURE) && placeOf(imported) < placeOf(file))
      .map((imported) => `${file} -> ${imported}`),
  )
  expect(upward).toEqual([])
})
