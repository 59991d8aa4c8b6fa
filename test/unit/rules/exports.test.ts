import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync } from 'oxc-parser'
import { expect, it } from 'vitest'
import { ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/**
 * A name that a file exports. `alone` is a type that its own file does not name again: one that it does may be what a function
 * takes or gives, which is told to readers whether or not anybody imports it.
 */
type Exported = { file: string; name: string; type: boolean; alone: boolean }

/** What a file exports, and what it imports, as `file: name`; `file: *` is all of it. */
function namesIn(file: string, text: string): { exports: Exported[]; imports: string[] } {
  const { module } = parseSync(file, text)
  const of = (from: string, name: string | null) =>
    `${path.posix.join(path.posix.dirname(file), from)}: ${name ?? '*'}`
  const exports: Exported[] = []
  const imports: string[] = []
  for (const { moduleRequest, entries } of module.staticImports)
    for (const { importName } of entries)
      imports.push(of(moduleRequest.value, importName.kind === 'Default' ? 'default' : importName.name))
  for (const { moduleRequest, importName, exportName, isType } of module.staticExports.flatMap(
    ({ entries }) => entries,
  )) {
    const name = exportName.name ?? 'default'
    if (moduleRequest) imports.push(of(moduleRequest.value, importName.name))
    const alone = Boolean(moduleRequest) || text.split(new RegExp(`\\b${name}\\b`)).length === 2
    exports.push({ file, name, type: isType, alone })
  }
  // At run time, or in a type: all of the file counts, whatever is taken of it.
  for (const [, from = ''] of text.matchAll(/\bimport\(\s*['"](\.[^'"]+)['"]/g)) imports.push(of(from, null))
  return { exports, imports }
}

/** Values that nothing imports, and types that nothing names. */
function idle(files: readonly ReturnType<typeof namesIn>[]): string[] {
  const imported = new Set(files.flatMap(({ imports }) => imports))
  return files
    .flatMap(({ exports }) => exports)
    .filter(({ file, name }) => !imported.has(`${file}: ${name}`) && !imported.has(`${file}: *`))
    .filter(({ type, alone }) => !type || alone)
    .map(({ file, name }) => `${file}: ${name}`)
}

it('what is exported is imported somewhere', () => {
  const files = repositoryFiles()
    .filter((file) => /(?<!\.d)\.(tsx?|mts|mjs)$/.test(file))
    .map((file) => namesIn(file, readFileSync(path.join(ROOT, file), 'utf8')))
  // Other programs load the examples and the site, and runs of tests the tables that end them.
  const found = idle(files).filter((each) => !/^(examples|site)\/|^test\/[\w/-]+\.ts: default$/.test(each))
  expect(found.toSorted()).toEqual([])
})

it('what is not is found, in every form', () => {
  const exporting = `
    export const a = 1
    export function b() {}
    export type C = 1
    export type D = 2
    export const e = (d: D) => d
    export default a`
  const importing = `
    import { a } from './x.ts'
    export { e } from './x.ts'
    const y = await import('../y.ts')`
  const files = [
    namesIn('edge/x.ts', exporting),
    namesIn('edge/z.ts', importing),
    namesIn('y.ts', 'export const f = 1'),
  ]
  expect(idle(files)).toEqual(['edge/x.ts: b', 'edge/x.ts: C', 'edge/x.ts: default', 'edge/z.ts: e'])
})
