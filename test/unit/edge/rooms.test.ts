import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
/** A package by a vendor is imported by files that are named after the vendor alone. */
const VENDORS = {
  upstash: '@upstash/',
  supabase: '@supabase/',
  firebase: 'firebase',
  cloudflare: '@cloudflare/',
}
/** What one platform has and another has not. Timers, fetch, WebCrypto, streams and URL are on all. */
const OF_A_PLATFORM = /\b(?:process|Deno|Bun|caches|console|require)\b *[.([]|from 'node:|globalThis(?:\.|\[)/
/** The global fetch as a type names it. */
const TYPE_OF_FETCH = /typeof globalThis\.fetch/g

/** Every file under a folder, by its path from the root. */
async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(root.length)] : [],
  )
}

const folders = ['bench', 'cli', 'docs', 'edge', 'inference-host', 'local', 'shared', 'supabase', 'test']
const known = new Set((await Promise.all(folders.map(filesUnder))).flat())
for (const entry of await readdir(root)) known.add(entry)
const sources = await Promise.all(
  [...known]
    .filter((path) => /^(?:edge|shared)\/.*\.ts$/.test(path))
    .map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })),
)
const isComment = (line: string) => /^\s*(?:\*|\/\*\*|\/\/)/.test(line)
const codeOf = (text: string) => text.split('\n').filter((line) => !isComment(line))

/** Whether a name in a comment of `path` is that of a file: from the root, or from the file's own folder. */
function isFile(name: string, path: string): boolean {
  return known.has(name) || known.has(normalize(join(dirname(path), name)))
}

it('has sources to look at', () => expect(sources.length).toBeGreaterThan(120))

it("imports a vendor's package in files named after it alone", () => {
  const strays = sources.flatMap(({ path, text }) =>
    Object.entries(VENDORS).flatMap(([vendor, scope]) =>
      text.includes(`from '${scope}`) && !basename(path).startsWith(vendor) ? [`${path}: ${scope}`] : [],
    ),
  )
  expect(strays).toEqual([])
})

it("touches a platform's globals in edge/runtime/ alone", () => {
  const strays = sources
    .filter(({ path }) => !path.startsWith('edge/runtime/'))
    .flatMap(({ path, text }) =>
      codeOf(text.replace(TYPE_OF_FETCH, '')).flatMap((line) =>
        OF_A_PLATFORM.test(line) ? [`${path}: ${line.trim()}`] : [],
      ),
    )
  expect(strays).toEqual([])
})

it('names files in its comments that there are', () => {
  const strays = sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line) => {
      const comment = isComment(line) ? line : (/ \/\/ .*$/.exec(line)?.[0] ?? '')
      const names = comment.matchAll(/(?<![\w@/.:-])(?:[\w.-]+\/)*[\w.-]+\.(?:ts|md|mjs|json|toml|sql)\b/g)
      return [...names].flatMap(([name]) => (isFile(name, path) ? [] : [`${path}: ${name}`]))
    }),
  )
  expect(strays).toEqual([])
})
