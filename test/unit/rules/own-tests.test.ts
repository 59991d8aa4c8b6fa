import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { expect, it } from 'vitest'
import { COVERED_BY, RUN_BY } from '../../fixtures/covered-by.ts'
import { ROOT, readSources, repositoryFiles } from '../../fixtures/imports.ts'

const files = repositoryFiles()
const known = new Set(files)
const imports = new Map(
  readSources(
    files.filter((file) =>
      /^(client|dashboard|edge|inference-host|shared|local|cli|bench|deploy|test)\/.*(?<!\.d)\.tsx?$/.test(
        file,
      ),
    ),
  ).map(({ file, files: imported }) => [file, imported]),
)

/** The tests of the source's own name that lie at its place under test/unit/. */
function ownTests(source: string): string[] {
  const name = source.replace(/(\.lua)?\.ts$/, '')
  return ['.test.ts', '.slow.test.ts']
    .map((ending) => `test/unit/${name}${ending}`)
    .filter((test) => known.has(test))
}

/** Whether anything is left of a source without its types and comments. */
function hasCode(source: string): boolean {
  return stripTypeScriptTypes(readFileSync(path.join(ROOT, source), 'utf8'))
    .replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|^\s*import .*$/gm, '')
    .split('\n')
    .some((line) => line.trim() !== '')
}

/** Whether `from` imports `source`, itself or through others. */
function reaches(from: string, source: string): boolean {
  const seen = new Set([from])
  for (const file of seen) for (const next of imports.get(file) ?? []) seen.add(next)
  return seen.has(source)
}

/** Sources with code and no test of their own. */
const withoutTest = (sources: RegExp) =>
  files.filter((file) => sources.test(file) && hasCode(file) && ownTests(file).length === 0)

const without = withoutTest(/^(client|dashboard|edge|inference-host|shared)\/.*\.ts$/)

/** Sources that the test of their name does not import, and how they are tested. */
const NOT_IMPORTED: Readonly<Record<string, string>> = {
  'cli/ask.ts': 'run as a process, at a terminal',
  'cli/service-keys-command.ts': 'run as a process',
  'cli/twohop.ts': 'run as a process',
  'edge/ledger/feedback.lua.ts': 'in Redis, by test/contract/ledger/feedback.test.ts',
  'inference-host/pull/command.ts': 'run as a process',
  'local/settings/config-module.ts': 'run as a process, since vitest imports by rules of its own',
}

/** How many sources the lists may name. Who takes one out lowers the number; nobody raises it for a new source. */
const MOST = { coveredBy: 358, runBy: 29 }

/**
 * Of the command and of the stack on one machine, how many sources of each folder have no test of their own: whole commands and
 * whole stacks are tested. What is new has one, and so the numbers only get smaller.
 */
const OF_COMMAND_AND_STACK: Readonly<Record<string, number>> = {
  cli: 3,
  'cli/commands': 7,
  'cli/cost': 7,
  'cli/doctor': 3,
  'cli/eval': 4,
  'cli/init': 3,
  'cli/supply': 2,
  local: 13,
  'local/edge': 4,
  'local/issuer': 13,
  'local/postgres': 7,
  'local/postgres/rest': 2,
  'local/redis': 13,
  'local/redis/commands': 7,
  'local/settings': 2,
}

it('each source has a test of its own, or one that covers it by name', () => {
  expect(without.length).toBeGreaterThan(100)
  expect(without.filter((file) => !(file in COVERED_BY) && !(file in RUN_BY))).toEqual([])
})

it('a test of its own reaches what it is of', () => {
  const held = files.filter((file) =>
    /^(client|dashboard|edge|inference-host|shared|cli|local)\/.*\.ts$/.test(file),
  )
  const astray = held.filter((file) => {
    const own = ownTests(file)
    return own.length > 0 && !own.some((test) => reaches(test, file))
  })
  expect(astray).toEqual(Object.keys(NOT_IMPORTED))
})

it('what has a test of its own, or is gone, is in no list', () => {
  const listed = [...Object.keys(COVERED_BY), ...Object.keys(RUN_BY)]
  expect(listed.filter((file) => !without.includes(file))).toEqual([])
})

it('the tests that are named are there, and reach what they cover', () => {
  expect(Object.values(RUN_BY).filter((test) => !known.has(test))).toEqual([])
  expect(Object.entries(COVERED_BY).filter(([source, test]) => !reaches(test, source))).toEqual([])
})

it('the lists only get shorter', () => {
  const listed = { coveredBy: Object.keys(COVERED_BY).length, runBy: Object.keys(RUN_BY).length }
  expect(listed).toEqual(MOST)
})

it('of the command and the stack no more sources go without a test of their own', () => {
  const found: Record<string, number> = {}
  for (const file of withoutTest(/^(cli|local)\/.*(?<!\.d)\.ts$/)) {
    const folder = path.posix.dirname(file)
    found[folder] = (found[folder] ?? 0) + 1
  }
  expect(found).toEqual(OF_COMMAND_AND_STACK)
})
