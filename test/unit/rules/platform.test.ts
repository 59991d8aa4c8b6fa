import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { commentOf, ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/** What one platform has and another has not. Timers, fetch, WebCrypto, streams and URL are on all. */
const OF_A_PLATFORM = /\b(?:process|Deno|Bun|caches|console|require)\b *[.([]|globalThis(?:\.|\[)/
/** The global fetch as a type names it. */
const TYPE_OF_FETCH = /typeof globalThis\.fetch/g

const sources = repositoryFiles().filter((file) => /^(edge|shared)\/.*\.ts$/.test(file))

it("of a platform's globals the edge touches none outside edge/runtime/", () => {
  expect(sources.length).toBeGreaterThan(120)
  const strays = sources
    .filter((file) => !file.startsWith('edge/runtime/'))
    .flatMap((file) =>
      readFileSync(path.join(ROOT, file), 'utf8')
        .replace(TYPE_OF_FETCH, '')
        .split('\n')
        .filter((line) => OF_A_PLATFORM.test(line.replace(commentOf(line), '')))
        .map((line) => `${file}: ${line.trim()}`),
    )
  expect(strays).toEqual([])
})
