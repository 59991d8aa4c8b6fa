import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { REQUEST_SECONDS, SECRETS } from '../../edge/runtime/firebase-options.ts'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import { ROOT } from '../fixtures/imports.ts'

const json = (file: string) => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'))
const own = json('firebase/functions/package.json')
const all = json('package.json')

it('a deployment installs the versions that the tests run', () => {
  for (const [name, version] of Object.entries(own.dependencies))
    expect([name, all.devDependencies[name]]).toEqual([name, version])
  // `npm ci` refuses a lock that is of other versions.
  const { packages } = json('firebase/functions/package-lock.json')
  expect(packages[''].dependencies).toEqual(own.dependencies)
  for (const [name, version] of Object.entries(own.dependencies))
    expect(packages[`node_modules/${name}`].version).toBe(version)
})

it('and builds the one file first that it then runs', () => {
  const [functions] = json('firebase.json').functions
  expect(functions.predeploy).toEqual(['npm run build:firebase'])
  const [, out] = /--outfile=(\S+)/.exec(all.scripts['build:firebase']) ?? []
  expect(out).toBe(path.posix.join(functions.source, own.main))
  for (const name of Object.keys(own.dependencies))
    expect(all.scripts['build:firebase']).toContain(`--external:${name} `)
})

it('asks for the secrets that the edge must have, and lets a request have its time', () => {
  const needed = Object.entries(EDGE_VARIABLES).filter(
    ([, row]) => 'secret' in row && row.fallback === undefined,
  )
  expect(SECRETS).toEqual(expect.arrayContaining(needed.map(([name]) => name)))
  for (const name of SECRETS) expect(Object.keys(EDGE_VARIABLES)).toContain(name)
  const { BODY_TIMEOUT_MS, REQUEST_TIMEOUT_MS } = EDGE_VARIABLES
  const longest = Number(BODY_TIMEOUT_MS.fallback) + Number(REQUEST_TIMEOUT_MS.fallback)
  expect(REQUEST_SECONDS * 1000).toBeGreaterThanOrEqual(longest + 30_000)
})
