import { expect, it } from 'vitest'
import { codeLines, repositoryFiles } from '../../fixtures/imports.ts'

/**
 * What one platform has and another has not. Timers, fetch, WebCrypto, streams and URL are on all. Where such a name stands by
 * itself, as in `const { error } = console`, biome.json denies it.
 */
const OF_A_PLATFORM = /\b(?:process|Deno|Bun|caches|console|require)\b *[.([]|\bglobalThis\b/
/** The global fetch as a type names it. */
const TYPE_OF_FETCH = /typeof globalThis\.fetch/g

const sources = repositoryFiles().filter((file) => /^(edge|shared)\/.*\.ts$/.test(file))

it("of a platform's globals the edge touches none outside edge/runtime/", () => {
  expect(sources.length).toBeGreaterThan(120)
  const strays = sources
    .filter((file) => !file.startsWith('edge/runtime/'))
    .flatMap((file) =>
      codeLines(file)
        .filter((line) => OF_A_PLATFORM.test(line.replace(TYPE_OF_FETCH, '')))
        .map((line) => `${file}: ${line.trim()}`),
    )
  expect(strays).toEqual([])
})

it('what a platform has is declared nowhere else either: its type would hide that it is not there', () => {
  const declaring = sources.filter((file) =>
    codeLines(file).some((line) => /^ *(?:export )?declare /.test(line)),
  )
  expect(declaring).toEqual(['edge/runtime/workers.ts'])
})

/** Where a process of a hop starts, and what sets a variable for a library. Nothing else knows of variables but by its settings. */
const OF_VARIABLES = [
  'edge/runtime/firebase.ts',
  'edge/runtime/node.ts',
  'inference-host/main.ts',
  'inference-host/platform/no-telemetry.ts',
  'inference-host/pull/command.ts',
]

it('variables are read where a process starts, by its table, and nowhere else', () => {
  const READS =
    /\bprocess\??\.env\b|\benv\b.*(?:= process\b|from 'node:process')|import process\b|\bDeno\.env\b/
  const reading = repositoryFiles().filter(
    (file) =>
      /^(edge|inference-host|shared)\/.*\.ts$/.test(file) && codeLines(file).some((line) => READS.test(line)),
  )
  expect(reading).toEqual(OF_VARIABLES)
})

it('the client touches no page and no extension: it runs in the service worker of one, too', () => {
  const OF_A_PAGE = /\b(?:window|document|localStorage|sessionStorage|navigator|chrome|browser)\b *[.([?]/
  const client = repositoryFiles().filter((file) => /^client\/.*\.ts$/.test(file))
  expect(client.length).toBeGreaterThan(4)
  const strays = client.flatMap((file) =>
    codeLines(file)
      .filter((line) => OF_A_PAGE.test(line) || /\b(?:process|Deno|Bun|require)\b *[.([]/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  )
  expect(strays).toEqual([])
})
