import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT, repositoryFiles } from '../../fixtures/imports.ts'

/** What the compiler says. */
function tsc(...args: string[]): string {
  const { stdout, error } = spawnSync(path.join(ROOT, 'node_modules/.bin/tsc'), args, {
    cwd: ROOT,
    encoding: 'utf8',
  })
  if (error) throw error
  return stdout
}

/** The files that a project checks, as paths from the repository's root where they are in it. */
function checkedBy(project: string): string[] {
  return tsc('-p', project, '--listFilesOnly')
    .split('\n')
    .map((file) => path.relative(ROOT, file))
}

it("of Node's types the edge sees none, whatever package it imports", () => {
  const checked = checkedBy('edge')
  expect(checked.filter((file) => file.includes('@types/node/'))).toEqual([])
  // All but what needs them: what is for one platform that is Node's, and what imports such a package.
  const left = repositoryFiles().filter((file) => /^edge\/.*\.ts$/.test(file) && !checked.includes(file))
  expect(left.filter((file) => !/^edge\/runtime\/(node|firebase|supabase|otlp|undici)\b/.test(file))).toEqual(
    [
      'edge/app-check/firebase-sdk.ts',
      'edge/identity/firebase-revoked.ts',
      'edge/sync/firebase-sdk-admin.ts',
    ],
  )
})

it('each file of the edge is checked, by its own settings or by those of the project', () => {
  const checked = new Set([...checkedBy('edge'), ...checkedBy('.')])
  const edge = repositoryFiles().filter((file) => /^edge\/.*\.ts$/.test(file))
  expect(edge.filter((file) => !checked.has(file))).toEqual([])
})

it("a file beside the edge's own that names a global of Node is an error", () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'twohop-globals-'))
  try {
    const names = ['Buffer', 'process', 'setImmediate', '__dirname', 'require']
    writeFileSync(path.join(folder, 'added.mts'), `export const all = [crypto, fetch, ${names.join(', ')}]\n`)
    const settings = path.join(folder, 'tsconfig.json')
    writeFileSync(
      settings,
      JSON.stringify({ extends: path.join(ROOT, 'edge/tsconfig.json'), files: ['added.mts'] }),
    )
    const said = tsc('-p', settings, '--pretty', 'false')
    expect([...said.matchAll(/added\.mts.*Cannot find name '(\w+)'/g)].map(([, name]) => name)).toEqual(names)
    // It is checked as a part of the edge, and nothing else is wrong.
    expect(said.split('\n').filter((line) => /error TS/.test(line))).toHaveLength(names.length)
    expect(tsc('-p', settings, '--listFilesOnly')).toContain('edge/app.ts')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
