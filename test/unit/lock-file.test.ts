import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** What package-lock.json says of one installed package: the parts that are read here. */
interface Locked {
  version?: string
  optionalDependencies?: Record<string, string>
}

/** Whether a package is locked where Node looks for it: in the folder of the one that wants it, or in one above. */
function isLocked(packages: Record<string, Locked>, from: string, name: string): boolean {
  if (packages[`${from}${from && '/'}node_modules/${name}`]) return true
  return from !== '' && isLocked(packages, from.replace(/(^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, ''), name)
}

const LOCKED = ['.', 'examples/extension', 'site', 'firebase/functions']

test.each(LOCKED.map((folder) => join(folder, 'package-lock.json')))(
  '%s locks every platform package, also those of other platforms than the one that wrote it',
  async (file) => {
    // `npm install` drops what its registry did not have that day, and `npm ci` then refuses the whole file.
    const { packages } = JSON.parse(await readFile(file, 'utf8')) as { packages: Record<string, Locked> }
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(packages, path, name)),
    )
    expect(missing).toEqual([])
  },
)

test.each(LOCKED.map((folder) => join(folder, 'package.json')))(
  '%s asks for one version of each package, so that nobody is given another than was tested',
  async (file) => {
    const {
      dependencies = {},
      devDependencies = {},
    }: Record<string, Record<string, string>> = JSON.parse(await readFile(file, 'utf8'))
    const asked = Object.entries({ ...dependencies, ...devDependencies })
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.filter(([, version]) => !/^(\d+\.\d+\.\d+(-[\w.]+)?|file:.*)$/.test(version))).toEqual([])
  },
)

test('a platform package of another machine has its version', async () => {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
    packages: Record<string, Locked>
  }
  expect(packages['node_modules/@cloudflare/workerd-darwin-arm64']?.version).toMatch(/^\d+\.\d+\.\d+$/)
})
