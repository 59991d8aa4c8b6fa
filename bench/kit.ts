import { execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Folder for what a benchmark downloads or builds. */
export const BENCH_DIR = fileURLToPath(new URL('../.local/bench', import.meta.url))

/** Systems give out ports by themselves from 32768 (Linux) or 49152 (others) on. */
const PORTS = { from: 20_000, to: 30_000 }

/**
 * A loopback port that is free now. It is one that no system gives out by itself, so that nobody who asks for any free port
 * gets it before it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const server = createServer().once('error', (error: NodeJS.ErrnoException) =>
    ['EADDRINUSE', 'EACCES'].includes(error.code ?? '') ? resolve(false) : reject(error),
  )
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  return promise
}

/** Binds all threads of a running process to one core. Returns false where that is not possible (outside Linux). */
export async function pinToCore(pid: number, core: number): Promise<boolean> {
  return run('taskset', ['-apc', String(core), String(pid)]).then(
    () => true,
    () => false,
  )
}

/** A running program. */
export type Program = { pid: number; stop(): Promise<void> }

/** Longest that a program may take to answer, in milliseconds. */
const START_MS = 120_000

/**
 * Starts a program and waits until it answers on `port`.
 * @throws Error where it ends or does not answer within two minutes, or `signal` is aborted by then
 */
export async function serveOn(
  port: number,
  command: string,
  args: string[],
  signal: AbortSignal,
): Promise<Program> {
  const child = spawn(command, args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const deadline = performance.now() + START_MS
  while (child.exitCode === null && performance.now() < deadline && !signal.aborted) {
    const up = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    )
    if (up && child.pid !== undefined) return { pid: child.pid, stop }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await stop()
  signal.throwIfAborted()
  throw new Error(`${command} ${args[0]} did not come up on port ${port}`)

  async function stop(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  }
}

/** Median of a list, with its smallest and largest value: the spread. */
export function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (i: number) => sorted[i] ?? Number.NaN
  const middle = sorted.length >> 1
  const median = sorted.length % 2 ? at(middle) : (at(middle - 1) + at(middle)) / 2
  return { median, min: at(0), max: at(sorted.length - 1) }
}

/** The value that a share `part` (0 to 1) of the list is at or below (nearest rank). */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
}
