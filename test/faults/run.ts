// `npm run faults`: brings every fault about and prints what became of it; `--json` for machines.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Command } from 'commander'
import { isEqual, rowsOfRun } from './table.ts'

const { json } = new Command('npm run faults --')
  .description('Brings about every fault of docs/faults.md on real parts, and prints what became of each.')
  .option('--json', 'the table for machines on standard output, all else on standard error', false)
  .parse()
  .opts<{ json: boolean }>()
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
