import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { commentOf, ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/**
 * What `JSON.parse` and a response's `json` give is `any`, so that it becomes whatever type it meets. Here it meets a schema, or
 * a name of type unknown.
 */
const PARSES = /JSON\.parse\b|\.json\(\)/
const CHECKED =
  /(?:\.(?:safeParse|parse)\(|\bread(?:As)?\(.*, |: unknown =>? )(?:await )?(?:JSON\.parse\(|\w+\.json\(\))/

/** Files that give it on as unknown, or check it, in a way that a line does not show. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'client/error.ts': 'given as unknown',
  'edge/audit/upstash.ts': 'shown as it is, whatever it is',
  'edge/identity/compact-token.ts': 'a name of type unknown',
  'edge/identity/jwks-download.ts': 'checked by jose',
  'edge/metering/cache.ts': 'a schema, and undefined where there is none',
  'edge/metering/events.ts': 'a chunk whose every field is unknown',
  'inference-host/admission/jwks.ts': 'given as unknown',
  'inference-host/jobs/result.ts': 'taken as unknown',
  'inference-host/weights/manifest.ts': 'given as unknown',
  'shared/parse-json.ts': 'given as unknown',
}

/** Lines that parse JSON and check nothing. */
function unchecked(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line) =>
      PARSES.test(line.replace(commentOf(line), '')) && !CHECKED.test(line) ? [line.trim()] : [],
    )
}

it('no parsed JSON is taken for a type without a check', () => {
  // The page at GET /docs is a browser's own code.
  const found = repositoryFiles()
    .filter((file) => /^(client|edge|inference-host|shared)\/.*\.ts$/.test(file))
    .filter((file) => file !== 'edge/routes/page-text.ts')
    .flatMap((file) =>
      unchecked(readFileSync(path.join(ROOT, file), 'utf8')).map((line) => [file, line] as const),
    )
  expect(found.filter(([file]) => !(file in ELSEWHERE))).toEqual([])
  expect(found.map(([file]) => file)).toEqual(Object.keys(ELSEWHERE))
})

it('lines without a check are found', () => {
  const text = `const a: unknown = JSON.parse(b)
const c = Schema.parse(JSON.parse(d))
const e: Rank[] = f.map((item) => JSON.parse(item))
const g = Schema.parse(await h.json())
const { i } = await h.json()
const parse = JSON.parse`
  expect(unchecked(text)).toEqual([2, 4, 5].map((line) => text.split('\n')[line]))
})
