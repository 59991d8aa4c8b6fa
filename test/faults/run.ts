// `npm run faults`: brings every fault about and prints what became of it; `--json` for machines.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { isEqual, rowsOfRun } from './table.ts'

const json = process.argv.includes('--json')
// With --json the tests' own output goes out of the way.
const child = spawn('vitest', ['run', '--project', 'faults'], {
  stdio: ['ignore', json ? 2 : 'inherit', 'inherit'],
})
const [code] = await once(child, 'exit')
if (json) {
  const rows = rowsOfRun().map((row) => ({ ...row, equal: isEqual(row) }))
  process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
}
process.exitCode = code ?? 1
