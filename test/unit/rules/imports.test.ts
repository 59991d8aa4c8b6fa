import { describe, expect, it } from 'vitest'
import { listedDecoding, listedPlaces, upward } from '../../fixtures/floors.ts'
import { circles, readSources, repositoryFiles, sourceOf } from '../../fixtures/imports.ts'

const CODE = /^(client|dashboard|edge|inference-host|shared|local|cli|bench|deploy|test)\/.*\.tsx?$/
const sources = readSources(repositoryFiles().filter((file) => CODE.test(file) && !file.endsWith('.d.ts')))
const within = (folder: string) => sources.filter(({ file }) => file.startsWith(`${folder}/`))

/** Each import of a file that `allowed` does not let in, as `from -> to`. */
function strays(folder: string, allowed: (imported: string) => boolean): string[] {
  return within(folder).flatMap(({ file, files }) =>
    files.filter((imported) => !allowed(imported)).map((imported) => `${file} -> ${imported}`),
  )
}

/** Providers' packages, each with the word that a file which imports it has in its name. */
const VENDORS: readonly (readonly [RegExp, string])[] = [
  [/^@upstash\//, 'upstash'],
  [/^@supabase\//, 'supabase'],
  [/^firebase/, 'firebase'],
  [/^(openai|@openai\/)/, 'openai'],
  [/^@anthropic-ai\//, 'anthropic'],
  [/^@?cloudflare[:/]/, 'workers'],
  [/^@opentelemetry\//, 'opentelemetry'],
]

describe('imports', () => {
  it('of each hop stay in it and in shared/', () => {
    expect(within('edge').length).toBeGreaterThan(100)
    expect(within('inference-host').length).toBeGreaterThan(200)
    for (const hop of ['edge', 'inference-host'])
      expect(strays(hop, (file) => file.startsWith(`${hop}/`) || file.startsWith('shared/'))).toEqual([])
    expect(strays('shared', (file) => file.startsWith('shared/'))).toEqual([])
  })

  it('of the client stay in it: it has no package, and of both hops only the names of the codes', () => {
    expect(within('client').length).toBeGreaterThan(4)
    expect(strays('client', (file) => file.startsWith('client/') || file === 'shared/errors.ts')).toEqual([])
    expect(within('client').flatMap(({ packages }) => packages)).toEqual([])
  })

  it('of the dashboard stay in it and in the client, so that it shows what any client can see', () => {
    expect(within('dashboard').length).toBeGreaterThan(30)
    expect(
      strays('dashboard', (file) => file.startsWith('dashboard/') || file === 'client/index.ts'),
    ).toEqual([])
    const packages = new Set(within('dashboard').flatMap((source) => source.packages))
    expect([...packages].filter((name) => !name.startsWith('node:')).toSorted()).toEqual([
      ...['esbuild', 'eventsource-parser/stream', 'preact', 'preact/hooks', 'uplot', 'zod/mini'],
    ])
  })

  it.each(['edge', 'inference-host', 'dashboard'])(
    'of %s run downward, as docs/architecture.md lists its floors',
    (hop) => {
      expect(upward(within(hop), listedPlaces(`floors of ${hop}`))).toEqual([])
    },
  )

  it('of decoding/ run downward too', () => {
    expect(listedDecoding()).toHaveLength(5)
    expect(upward(within('inference-host/decoding'), listedDecoding())).toEqual([])
  })

  it('make no circle', () => {
    expect(circles(sources)).toEqual([])
  })

  it('of a vendor are in files named after it', () => {
    const strangers = [...within('edge'), ...within('inference-host'), ...within('shared')].flatMap(
      ({ file, packages }) =>
        packages
          .filter((name) =>
            VENDORS.some(([its, word]) => its.test(name) && !(file.split('/').at(-1) ?? '').includes(word)),
          )
          .map((name) => `${file} -> ${name}`),
    )
    expect(strangers).toEqual([])
  })

  it('of a platform are in edge/runtime/ alone', () => {
    const platform = [...within('edge'), ...within('shared')].flatMap(({ file, packages }) =>
      packages
        .filter(
          (name) => /^(node|cloudflare|bun|deno|jsr|npm):/.test(name) && !file.startsWith('edge/runtime/'),
        )
        .map((name) => `${file} -> ${name}`),
    )
    expect(platform).toEqual([])
  })
})

describe('the readers of imports', () => {
  it('see every form of import', () => {
    const text = `
      import type { A } from './a.ts'
      export { b } from '../b.ts'
      export * from './c/d.ts'
      const e = await import('./e.ts')
      new Worker(new URL('./f.ts', import.meta.url))
      import hono from 'hono'`
    expect(sourceOf('edge/x/y.ts', text)).toEqual({
      file: 'edge/x/y.ts',
      files: ['edge/x/a.ts', 'edge/b.ts', 'edge/x/c/d.ts', 'edge/x/e.ts', 'edge/x/f.ts'],
      packages: ['hono'],
    })
  })

  it('find an import upward, and a circle', () => {
    const added = [
      { file: 'edge/store/x.ts', files: ['edge/app.ts'], packages: [] },
      { file: 'edge/app.ts', files: ['edge/budget/y.ts'], packages: [] },
      { file: 'edge/budget/y.ts', files: ['edge/store/x.ts'], packages: [] },
    ]
    expect(upward(added, listedPlaces('floors of edge'))).toEqual(['edge/store/x.ts -> edge/app.ts'])
    expect(circles(added)).toEqual([['edge/app.ts', 'edge/budget/y.ts', 'edge/store/x.ts']])
  })
})
