import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT, readSources, repositoryFiles } from '../fixtures/imports.ts'

const FUNCTION = 'supabase/functions/edge'
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const deno = JSON.parse(read(`${FUNCTION}/deno.json`)) as { imports: Record<string, string> }
const npm = JSON.parse(read('package.json')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>

/** The function's own file, and all that it imports. */
const sources = new Map(
  readSources(repositoryFiles().filter((file) => /^(edge|shared)\/.*\.ts$/.test(file))).map((source) => [
    source.file,
    source,
  ]),
)
const [entry = ''] = /'([^']+\.ts)'/.exec(read(`${FUNCTION}/index.ts`))?.slice(1) ?? []
const graph = new Set([path.join(FUNCTION, entry)])
for (const file of graph) for (const imported of sources.get(file)?.files ?? []) graph.add(imported)

it('its deno.json names every package that it imports, and no other', () => {
  const imported = [...graph].flatMap((file) => sources.get(file)?.packages ?? [])
  // Deno finds `hono/tiny` by `hono`.
  const packages = new Set(imported.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name))
  expect(Object.keys(deno.imports).sort()).toEqual([...packages].sort())
})

it('in the very version that npm installs, which the tests run', () => {
  for (const [name, target] of Object.entries(deno.imports)) {
    const [, found = '', version = '', under = ''] =
      /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)(\/.*)?$/.exec(target) ?? []
    expect({ name, version }).toEqual({ name, version: npm.dependencies[found] })
    expect(found + under).toBe(name)
  }
})

/** As `supabase functions deploy --use-api` finds what it uploads (supabase/cli, apps/cli-go/pkg/function/deno.go). */
const IMPORTED =
  /(?:import|export)\s+(?:type\s+)?(?:{[^{}]+}|.*?)\s*(?:from)?\s*['"](.*?)['"]|import\(\s*['"](.*?)['"]\)/gi

it('a deployment uploads all of its files, and nothing outside this project', () => {
  const uploaded = new Set([`${FUNCTION}/index.ts`])
  for (const file of uploaded)
    for (const [, from, dynamic] of read(file).matchAll(IMPORTED)) {
      const target = (from || dynamic || '').trim()
      if (/^\.\.?\//.test(target) && path.extname(target) !== '')
        uploaded.add(path.posix.join(path.posix.dirname(file), target))
    }
  expect([...graph].filter((file) => !uploaded.has(file))).toEqual([])
  expect([...uploaded].filter((file) => !/^(edge|shared|supabase\/functions\/edge)\//.test(file))).toEqual([])
})

it('lets every request through to the edge, which verifies tokens itself', () => {
  const [, section = ''] = read('supabase/config.toml').split('[functions.edge]')
  expect(section).toMatch(/^\s*(#.*\n)*verify_jwt = false$/m)
})
