import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

/** What package-lock.json says of one installed package: the parts that are read here. */
interface Locked {
  version?: string
  optionalDependencies?: Record<string, string>
}

test('every platform package is locked, also those of other platforms than the one that wrote the lock', async () => {
  // `npm install` drops what its registry did not have that day, and `npm ci` then refuses the whole file.
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
    packages: Record<string, Locked>
  }
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`${path}/node_modules/${name}`] && !packages[`node_modules/${name}`],
    ),
  )
  expect(missing).toEqual([])
  expect(packages['node_modules/@cloudflare/workerd-darwin-arm64']?.version).toMatch(/^\d+\.\d+\.\d+$/)
})
