// `npm run test:dates`: the tests under other dates, each process of them, servers too.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Command, Option } from 'commander'
import { installPythonClients } from './clients/python-clients.ts'
import { type OtherDate, otherDates } from './fixtures/other-dates.ts'
import { installOwnPackages } from './own-packages.ts'

const run = promisify(execFile)
const DATES = otherDates(Date.now())
const NAMES = DATES.map(({ name }) => name)

const command = new Command('npm run test:dates --')
  .description(
    `Runs tests under other dates, counted from today, with the clock of every process set ahead; ends with a line a date.
It needs Linux with glibc, and a C compiler (Debian, Ubuntu: apt-get install gcc libc6-dev).`,
  )
  .argument('[files...]', "only test files whose path contains one of these, as vitest's own arguments")
  .option('--project <names...>', 'only these projects of vitest.config.ts; all by default', [])
  .addOption(new Option('--date <names...>', 'only these dates').choices(NAMES).default(NAMES))
  .parse()
const { project, date: wanted } = command.opts<{ project: string[]; date: string[] }>()

/** What one date's run came to. */
type Outcome = { date: OtherDate; code: number; counts: string; seconds: number }

/**
 * Compiles the library that sets clocks ahead.
 * @throws Error that says what to install
 */
async function compiled(into: string): Promise<string> {
  const library = join(into, 'clock-ahead.so')
  const source = fileURLToPath(new URL('./fixtures/clock-ahead.c', import.meta.url))
  await run('cc', ['-shared', '-fPIC', '-O2', '-o', library, source]).catch((cause) => {
    const missing = 'no C compiler is installed (Debian, Ubuntu: apt-get install gcc libc6-dev)'
    throw new Error(cause.code === 'ENOENT' ? missing : `${source} does not compile: ${cause.stderr}`, {
      cause,
    })
  })
  return library
}

/** The environment in which it is `at` now. @throws Error where the clock does not follow. */
async function environment(library: string, at: number): Promise<NodeJS.ProcessEnv> {
  const aheadS = String(Math.round((at - Date.now()) / 1000))
  const env = { ...process.env, LD_PRELOAD: library, CLOCK_AHEAD_S: aheadS }
  const { stdout } = await run(process.execPath, ['-p', 'Date.now()'], { env })
  if (Math.abs(Number(stdout) - at) > 60_000)
    throw new Error(
      `LD_PRELOAD does not reach Node's clock here: it says ${new Date(Number(stdout)).toISOString()}`,
    )
  return env
}

/** What tests install, while the certificates of registries are valid. */
async function installed(): Promise<void> {
  const has = (name: string) => project.length === 0 || project.includes(name)
  await Promise.all([
    has('extension') && installOwnPackages('examples/extension'),
    (has('clients') || has('upstreams')) && installOwnPackages('test/clients'),
    has('clients') && installPythonClients(),
  ])
}

async function tested(library: string, date: OtherDate): Promise<Outcome> {
  const began = performance.now()
  process.stdout.write(`\n${lineOf(date)}: ${project.join(', ') || 'all projects'}\n`)
  const words = ['run', ...project.flatMap((name) => ['--project', name]), ...command.args]
  const child = spawn('vitest', words, {
    env: await environment(library, date.at),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  let counts = 'no result'
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (/^\d+ passed, \d+ failed, \d+ skipped$/.test(line)) counts = line
    process.stdout.write(`${line}\n`)
  })
  const [code] = await ended
  return { date, code: code ?? 1, counts, seconds: Math.round((performance.now() - began) / 1000) }
}

function lineOf({ name, at }: OtherDate): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC  ${name.padEnd(12)}`
}

if (process.platform !== 'linux')
  command.error(`the clock can be set ahead on Linux alone, not on ${process.platform}`)
// Open to all: PostgreSQL runs as another user than root.
const folder = await mkdtemp(join(tmpdir(), 'twohop-dates-'))
await chmod(folder, 0o755)
try {
  const library = await compiled(folder)
  await installed()
  const outcomes: Outcome[] = []
  for (const date of DATES) if (wanted.includes(date.name)) outcomes.push(await tested(library, date))
  process.stdout.write(`\n${project.join(', ')} under ${outcomes.length} dates:\n`)
  for (const { date, code, counts, seconds } of outcomes)
    process.stdout.write(`${code === 0 ? 'green' : 'RED  '}  ${lineOf(date)}  ${counts}  (${seconds} s)\n`)
  process.exitCode = outcomes.every(({ code }) => code === 0) ? 0 : 1
} catch (error) {
  process.stderr.write(`test:dates: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
}
