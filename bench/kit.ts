import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Folder for what a benchmark fetches or builds. */
export const BENCH_DIR = fileURLToPath(new URL('../.local/bench', import.meta.url))

/** Where the load generator and the stub of an upstream lie: beside the checkout, or where BENCH_KIT says. */
const KIT = process.env.BENCH_KIT ?? fileURLToPath(new URL('../../shared/bench', import.meta.url))

/**
 * Copies the kit's files to where the project's packages resolve for them.
 * @throws Error that says where the kit was looked for
 */
export async function benchKit(): Promise<{ load: string; upstream: string }> {
  if (!existsSync(join(KIT, 'load.mjs')))
    throw new Error(`The benchmark needs load.mjs and upstream.mjs in ${KIT}; set BENCH_KIT to their folder.`)
  await mkdir(BENCH_DIR, { recursive: true })
  const [load, upstream] = ['load.mjs', 'upstream.mjs'].map((name) => join(BENCH_DIR, name)) as [
    string,
    string,
  ]
  await copyFile(join(KIT, 'load.mjs'), load)
  await copyFile(join(KIT, 'upstream.mjs'), upstream)
  return { load, upstream }
}

/** A loopback port that is free now. */
export async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer().once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(address)))
  })
  return promise
}

/** Binds a running process, all its threads, to one core (Linux; elsewhere nothing happens and it says so). */
export async function pinToCore(pid: number, core: number): Promise<boolean> {
  return run('taskset', ['-apc', String(core), String(pid)]).then(
    () => true,
    () => false,
  )
}

/** Starts a program and waits until it answers on `port`. */
export async function serveOn(
  port: number,
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ChildProcess> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: 'ignore' })
  for (let tries = 0; tries < 100; tries++) {
    const up = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    )
    if (up) return child
    if (child.exitCode !== null) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  child.kill()
  throw new Error(`${command} ${args[0]} did not come up on port ${port}`)
}

/** One line of the load generator's. Times in milliseconds, CPU in microseconds a request. */
export type LoadResult = {
  ok: number
  errors: number
  firstErr?: string
  rps: number
  p50: number
  p99: number
  ttfb50?: number
  ttfb99?: number
  cpu: Record<string, { us_per_req: number; core_pct: number }>
}

/** Runs the load generator in a closed loop for `seconds`, on core `core`. */
export async function load(
  script: string,
  target: { url: string; headers: Record<string, string>; pid?: number },
  how: { concurrency: number; seconds: number; stream: boolean; core: number; body?: string },
): Promise<LoadResult> {
  const args = ['-c', String(how.core), process.execPath, script, '--url', target.url]
  args.push('--conc', String(how.concurrency), '--secs', String(how.seconds))
  if (how.stream) args.push('--stream')
  if (target.pid) args.push('--pids', `target=${target.pid}`)
  for (const [name, value] of Object.entries(target.headers)) args.push('--header', `${name}: ${value}`)
  const { stdout } = await run('taskset', args).catch((error: { stdout?: string }) => {
    if (error.stdout) return { stdout: error.stdout }
    throw error
  })
  return JSON.parse(stdout) as LoadResult
}

/** Median of a list, with its smallest and largest value: the spread. */
export function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (i: number) => sorted[i] ?? Number.NaN
  const middle = sorted.length >> 1
  const median = sorted.length % 2 ? at(middle) : (at(middle - 1) + at(middle)) / 2
  return { median, min: at(0), max: at(sorted.length - 1) }
}

/** The value that a share `part` (0 to 1) of a list lies at or below: nearest rank. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
}
