import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { listedDecoding, listedOrder, listedPlaces, upward } from '../../fixtures/floors.ts'
import { circles, readSources, repositoryFiles, type Source, sourceOf } from '../../fixtures/imports.ts'
import { NAMED_FILES, platformImports, strangePackages } from '../../fixtures/packages.ts'

const sources = readSources(repositoryFiles().filter((file) => /(?<!\.d)\.[cm]?[jt]sx?$/.test(file)))
const known = new Set(repositoryFiles())
const within = (folder: string) => sources.filter(({ file }) => file.startsWith(`${folder}/`))

/** Each import of a file that `allowed` does not let in, as `from -> to`. */
function strays(folder: string, allowed: (imported: string) => boolean): string[] {
  return within(folder).flatMap(({ file, files }) =>
    files.filter((imported) => !allowed(imported)).map((imported) => `${file} -> ${imported}`),
  )
}

/** Files that load what is known at run time only, or name a file beside them so, each with what that is. */
const COMPUTED: Readonly<Record<string, string>> = {
  'bench/edge/portkey.ts': 'settings that it copies',
  'bench/host/machine.ts': 'packages whose versions it tells',
  'bench/models/tokenizer.ts': "models' files",
  'edge/runtime/node-dashboard.ts': "the dashboard's built files",
  'examples/extension/wxt.config.ts': "the developer's settings",
  'local/postgres/binaries.ts': "Postgres's binaries for this platform",
  'local/settings/config-module.ts': "the developer's settings",
  'local/stack.ts': 'the parts that it starts as processes',
  'local/typescript.mjs': 'the program, once Node is known to read TypeScript',
  'site/rspress.config.ts': "the site's pages",
  'site/sidebar.ts': "the site's pages",
}

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

  it('of rooms run one way, as docs/architecture.md puts them in order', () => {
    // Examples and training scripts import nothing of another room, firebase/ has no source, and tests import everything.
    const alone = ['docs/', 'examples/', 'firebase/', 'models/', 'test/']
    const rooms = [...listedPlaces('rooms'), 'edge/', 'inference-host/']
    expect([...listedOrder(), ...alone].sort()).toEqual(rooms.sort())
    expect(upward(sources, listedOrder())).toEqual([])
    for (const room of ['examples', 'models'])
      expect(strays(room, (file) => file.startsWith(`${room}/`))).toEqual([])
  })

  it('make no circle', () => {
    expect(circles(sources)).toEqual([])
  })

  it('name files that there are: a type of ../app.js is one of ../app.ts to the compiler, and to no rule here', () => {
    const astray = sources.flatMap(({ file, files }) =>
      files.filter((imported) => !known.has(imported)).map((imported) => `${file} -> ${imported}`),
    )
    expect(astray).toEqual([])
  })

  it('that are known at run time only are few, and none is of code in another part', () => {
    const found = sources.flatMap(({ file, computed }) => computed.map(() => file))
    expect(found.filter((file) => !file.startsWith('test/'))).toEqual(Object.keys(COMPUTED))
  })

  it('of a package are in files that may: any file for a few packages, for another those named after its vendor', () => {
    expect(strangePackages(sources)).toEqual([])
  })

  it('of a platform are in edge/runtime/ alone, or in files that only it imports', () => {
    expect(platformImports(sources)).toEqual([])
  })

  it('of files that may import a package are still there', () => {
    const importing = new Set(sources.flatMap(({ file, packages }) => (packages.length > 0 ? [file] : [])))
    expect(NAMED_FILES.filter((file) => !importing.has(file))).toEqual([])
  })
})

describe('the readers of imports', () => {
  it.each([
    ["import type { A } from '../app.ts'", '../app.ts'],
    ["import '../app.ts'", '../app.ts'],
    ["export { b } from '../app.ts'", '../app.ts'],
    ["export * from '../app.ts'", '../app.ts'],
    ["export {} from '../app.ts'", '../app.ts'],
    ["export * as c from '../app.ts'", '../app.ts'],
    ["const e = await import('../app.ts')", '../app.ts'],
    ['const e = await import(`../app.ts`)', '../app.ts'],
    ["type A = import('../app.ts').X", '../app.ts'],
    ["type A = typeof import('../app.ts')", '../app.ts'],
    ["import a = require('../app.ts')", '../app.ts'],
    ["const a = require('../app.ts')", '../app.ts'],
    ["const a = require.resolve('../app.ts')", '../app.ts'],
    ["import { createRequire } from 'm'; createRequire(import.meta.url)('../app.ts')", '../app.ts'],
    ["import { createRequire as r } from 'm'; r(import.meta.url).resolve('../app.ts')", '../app.ts'],
    ["import * as m from 'm'; m.createRequire(import.meta.url)('../app.ts')", '../app.ts'],
    ["const load = createRequire(import.meta.url); load('../app.ts')", '../app.ts'],
    ["const where = import.meta.resolve('../app.ts')", '../app.ts'],
    ["new Worker(new URL('../app.ts', import.meta.url))", '../app.ts'],
    ["new Worker(new URL('beside.mjs', import.meta.url))", './beside.mjs'],
    ['new Worker(new URL(`../app.mjs`, import.meta.url))', '../app.mjs'],
    ['/// <reference path="../app.ts" />', '../app.ts'],
  ])('see %s', (text, named) => {
    const { files, computed } = sourceOf('edge/x/y.ts', text)
    expect(files).toEqual([path.posix.join('edge/x', named)])
    expect(computed).toEqual([])
    // Which is found by the rule of floors.
    const up: Pick<Source, 'file' | 'files'> = { file: 'edge/store/y.ts', files }
    expect(upward([up], ['edge/app.ts', 'edge/x/', 'edge/app.mjs', 'edge/store/'])).toHaveLength(1)
  })

  it.each([
    "import hono from 'hono'",
    "type H = import('hono').Hono",
    "const hono = await import('hono')",
    "const hono = require('hono')",
    "import hono = require('hono')",
    '/// <reference types="hono" />',
  ])('see the package in %s', (text) => {
    expect(sourceOf('edge/x/y.ts', text)).toEqual({
      file: 'edge/x/y.ts',
      files: [],
      packages: ['hono'],
      computed: [],
    })
  })

  it.each([
    'import(name)',
    `import(\`../\${name}.ts\`)`,
    "import('../' + name)",
    'require(name)',
    'createRequire(import.meta.url)(name)',
    'import.meta.resolve(name)',
    `new URL(\`../\${name}.ts\`, import.meta.url)`,
  ])('tell that the module of %s is known at run time only', (text) => {
    expect(sourceOf('edge/x/y.ts', text)).toEqual({
      file: 'edge/x/y.ts',
      files: [],
      packages: [],
      computed: [text],
    })
  })

  it('take no data for code, and no word in a text or a comment', () => {
    const text = `
      new URL('../data.json', import.meta.url)
      new URL('../', import.meta.url)
      new URL('../app.ts', base)
      new URL(path, base)
      const said = "import('../app.ts')" /* import('../app.ts') */
      the.require('../app.ts')`
    expect(sourceOf('edge/x/y.ts', text)).toMatchObject({ files: [], packages: [], computed: [] })
  })

  it('find an import upward, and a circle', () => {
    const added = [
      { file: 'edge/store/x.ts', files: ['edge/app.ts'] },
      { file: 'edge/app.ts', files: ['edge/budget/y.ts'] },
      { file: 'edge/budget/y.ts', files: ['edge/store/x.ts'] },
    ]
    expect(upward(added, listedPlaces('floors of edge'))).toEqual(['edge/store/x.ts -> edge/app.ts'])
    expect(circles(added)).toEqual([['edge/app.ts', 'edge/budget/y.ts', 'edge/store/x.ts']])
  })

  it.each(['undici', '@hono/node-server', 'ioredis', 'stripe', '@aws-sdk/client-s3', 'fs', 'node:fs'])(
    'find %s in a file that says nothing of it',
    (name) => {
      const added = { file: 'edge/log/x.ts', files: [], packages: [name] }
      expect(strangePackages([added])).toEqual([`edge/log/x.ts -> ${name}`])
    },
  )

  it('let a package in where the file, or its folder, is named after its vendor', () => {
    const names = ['edge/log/stripe-charge.ts', 'edge/log/stripe/charge.ts', 'edge/runtime/any.ts']
    const added = [...names, 'edge/log/stripes.ts'].map((file) => ({ file, files: [], packages: ['stripe'] }))
    expect(strangePackages(added)).toEqual(['edge/log/stripes.ts -> stripe'])
  })

  it.each(['undici', '@hono/node-server', 'firebase-admin/auth', '@opentelemetry/api', 'fs', 'node:fs'])(
    'find %s outside edge/runtime/, whatever the file is called',
    (name) => {
      const places = ['edge/runtime/x.ts', `edge/log/${name.replaceAll(/\W/g, '-')}.ts`, 'shared/x.ts']
      const added = places.map((file) => ({ file, files: [], packages: [name] }))
      expect(platformImports(added)).toEqual(places.slice(1).map((file) => `${file} -> ${name}`))
    },
  )

  it('find a way to a platform through shared/', () => {
    const through = (from: string) => [
      { file: from, files: ['shared/x.ts'], packages: [] },
      { file: 'shared/x.ts', files: ['shared/listen.ts'], packages: [] },
      { file: 'shared/listen.ts', files: [], packages: ['@hono/node-server'] },
    ]
    expect(platformImports(through('edge/log/x.ts'))).toEqual(['shared/x.ts -> shared/listen.ts'])
    expect(platformImports(through('edge/runtime/x.ts'))).toEqual([])
  })
})
