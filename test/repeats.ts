// `npm run test:repeats`: the tests again and again, while the machine is busy with something else. It finds what only
// passes on a quiet machine, or most of the time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Command, InvalidArgumentError } from 'commander'
import { failuresIn, isGreen, type Run, runOf } from './fixtures/repeats.ts'

const whole = (text: string) => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('A whole number is needed.')
  return number
}
const OTHERS = Math.max(1, availableParallelism() - 1)

const command = new Command('npm run test:repeats --')
  .description(
    'Runs tests again and again beside threads that keep cores busy, without second tries; ends with how often each test failed.',
  )
  .argument('[files...]', "only test files whose path contains one of these, as vitest's own arguments")
  .option('--project <names...>', 'only these projects of vitest.config.ts; all by default', [])
  .option('--times <count>', 'how often', whole, 20)
  .option('--busy <cores>', 'how many cores are kept busy; all but one by default', whole, OTHERS)
  .option('--json', 'the outcome as JSON on the last line')
  .parse()
const { project, times, busy, json } = command.opts<{
  project: string[]
  times: number
  busy: number
  json?: true
}>()

/** Where each run's whole output goes. */
const folder = fileURLToPath(new URL('../.local/repeats', import.meta.url))

/** Runs the tests once. Their output goes to a file alone. */
async function run(log: string): Promise<Run> {
  const words = ['run', ...project.flatMap((name) => ['--project', name]), ...command.args]
  const child = spawn('vitest', words, {
    env: { ...process.env, TWOHOP_RETRY: '0', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const file = createWriteStream(log)
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    file.write(`${line}\n`)
  })
  await ended
  file.end()
  return runOf(lines)
}

await mkdir(folder, { recursive: true })
// They end with this process, however that ends.
const spinning = Array.from({ length: busy }, () => new Worker('for (;;);', { eval: true }))
const runs: Run[] = []
const what = [...project, ...command.args].join(', ') || 'all tests'
process.stdout.write(`${what}, ${times} times, with ${busy} busy ${busy === 1 ? 'core' : 'cores'} beside\n`)
for (let number = 1; number <= times; number++) {
  const log = join(folder, `${number}.log`)
  const began = performance.now()
  const done = await run(log)
  runs.push(done)
  const seconds = Math.round((performance.now() - began) / 1000)
  const end = isGreen(done) ? '' : `  ${log}`
  process.stdout.write(
    `${isGreen(done) ? 'green' : 'RED  '}  ${number} of ${times}: ${done.counts ?? 'no result'}  (${seconds} s)${end}\n`,
  )
}
for (const worker of spinning) await worker.terminate()
const failures = failuresIn(runs)
const green = runs.filter(isGreen).length
for (const { test, times: often } of failures)
  process.stdout.write(`failed ${often} of ${times} times: ${test}\n`)
process.stdout.write(
  json ? `${JSON.stringify({ times, green, failures })}\n` : `${green} of ${times} runs green\n`,
)
process.exitCode = green === times ? 0 : 1
