import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import { ROOT, repositoryFiles } from '../fixtures/imports.ts'

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')
const Packages = z.record(z.string(), z.string()).default({})
const Manifest = z.object({ dependencies: Packages, devDependencies: Packages })
const Updates = z.object({
  updates: z.array(
    z.object({
      'package-ecosystem': z.string(),
      directory: z.string().optional(),
      directories: z.array(z.string()).optional(),
    }),
  ),
})

/** Whether a package.json names any package: one that does not has nothing to update. */
function namesPackages(file: string): boolean {
  const { dependencies, devDependencies } = Manifest.parse(JSON.parse(read(file)))
  return Object.keys({ ...dependencies, ...devDependencies }).length > 0
}

it('what names packages, and nothing else, has them updated', () => {
  const files = repositoryFiles()
  const named = (name: string) => files.filter((file) => path.posix.basename(file) === name)
  const wanted = [
    ...named('package.json')
      .filter(namesPackages)
      .map((file) => `npm ${path.posix.join('/', file, '..')}`),
    ...named('requirements.txt').map((file) => `pip ${path.posix.join('/', file, '..')}`),
  ]
  const updated = Updates.parse(parse(read('.github/dependabot.yml'))).updates.flatMap(
    ({ 'package-ecosystem': kind, directory, directories = [] }) =>
      [...(directory ? [directory] : []), ...directories].map((folder) => `${kind} ${folder}`),
  )
  expect(wanted.length).toBeGreaterThan(6)
  expect(updated.filter((each) => /^(npm|pip) /.test(each)).toSorted()).toEqual(wanted.toSorted())
})
