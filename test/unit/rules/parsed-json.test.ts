import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/** What `JSON.parse` gives is `any`, so that it becomes whatever type it meets. Here it meets a schema, or a name of type unknown. */
const CHECKED = /(?:\.(?:safeParse|parse)\(|: unknown = )JSON\.parse\(/
/** Files that give it on as unknown in a way that a line does not show. */
const ELSEWHERE = [
  'inference-host/admission/jwks.ts',
  'inference-host/server/call.ts',
  'inference-host/weights/manifest.ts',
]

/** Lines that parse JSON and check nothing. */
function unchecked(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line) => (/JSON\.parse\(/.test(line) && !CHECKED.test(line) ? [line.trim()] : []))
}

it('the host takes no parsed JSON for a type without a check', () => {
  const found = repositoryFiles()
    .filter((file) => /^inference-host\/.*\.ts$/.test(file))
    .flatMap((file) =>
      unchecked(readFileSync(path.join(ROOT, file), 'utf8')).map((line) => [file, line] as const),
    )
  expect(found.filter(([file]) => !ELSEWHERE.includes(file))).toEqual([])
  expect(found.map(([file]) => file)).toEqual(ELSEWHERE)
})

it('lines without a check are found', () => {
  const text = `const a: unknown = JSON.parse(b)
const c = Schema.parse(JSON.parse(d))
const e: Rank[] = f.map((item) => JSON.parse(item))`
  expect(unchecked(text)).toEqual(['const e: Rank[] = f.map((item) => JSON.parse(item))'])
})
