// `npm run licenses`: counts the licenses of all packages, and fails where one is not on the list.
import { readFileSync } from 'node:fs'
import { textTable } from '../cost/table.ts'
import { countsOf, isTaken, licensesOf } from './licenses.ts'

const lock: unknown = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'))
const packages = licensesOf(lock)
const rows = countsOf(packages).map(([license, count]) => [license, String(count)])
console.log(textTable([{ title: 'license' }, { title: 'packages', right: true }], rows).join('\n'))
const refused = packages.filter(({ license }) => !isTaken(license))
for (const { name, version, license } of refused)
  console.error(`${name} ${version}: ${license} is not on the list of cli/supply/licenses.ts`)
process.exitCode = refused.length > 0 ? 1 : 0
