import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, vi } from 'vitest'
import { isRunning, type StackFile } from '../../local/stack-file.ts'

export const ROOT = join(import.meta.dirname, '../..')

/** `npm start` as a user runs it, with its files in a folder of its own. */
export type Started = {
  process: ChildProcessWithoutNullStreams
  /** What it has printed so far. */
  output(): { stdout: string; stderr: string }
  /** Resolves once `text` has been printed on stdout. @throws Error with all output when it ends before */
  printed(text: string): Promise<void>
  /** Exit code, when it has ended and nothing of it holds its output open any more. */
  closed: Promise<number | null>
  stackFile: string
  stack(): Promise<StackFile>
}

/** Those that have not ended: of a test that failed in the middle, say. */
const running = new Set<Started>()

/** Starts it. @param dir where the stack keeps its files */
export const npmStart = (dir: string, ...args: string[]) => npmStartIn(ROOT, dir, ...args)

/** Starts it from another folder, whose settings it then reads. */
export function npmStartIn(folder: string, dir: string, ...args: string[]): Started {
  const child = spawn('npm', ['--prefix', ROOT, 'start', '--silent', '--', ...args], {
    cwd: folder,
    env: { ...process.env, TWOHOP_DIR: dir },
    // A group of its own, as a shell gives it, so that Ctrl-C can be sent to all of it.
    detached: true,
    stdio: 'pipe',
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (data) => {
    said.stdout += data
  })
  child.stderr.on('data', (data) => {
    said.stderr += data
  })
  const closed = once(child, 'close').then(([code]) => {
    running.delete(started)
    return code as number | null
  })
  const stackFile = join(dir, 'stack.json')
  const started: Started = {
    process: child,
    output: () => said,
    async printed(text) {
      const ended = closed.then(() => true)
      while (!said.stdout.includes(text))
        if ((await Promise.race([once(child.stdout, 'data'), ended])) === true && !said.stdout.includes(text))
          throw new Error(`it ended before it printed "${text}":\n${said.stdout}\n${said.stderr}`)
    },
    closed,
    stackFile,
    stack: async () => JSON.parse(await readFile(stackFile, 'utf8')) as StackFile,
  }
  running.add(started)
  return started
}

/** What a terminal does on Ctrl-C: SIGINT to every process of the foreground group. */
export function ctrlC({ process: { pid } }: Started): void {
  process.kill(-Number(pid), 'SIGINT')
}

/** Each process with its parent. */
async function processes(): Promise<number[][]> {
  const { stdout } = await promisify(execFile)('ps', ['-e', '-o', 'pid=,ppid='])
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
}

/** A process and its parent. */
export async function parentOf(pid: number): Promise<(number | undefined)[]> {
  return (await processes()).find(([own]) => own === pid) ?? []
}

/** Every process below `pid`, itself included. */
export async function family(pid: number): Promise<number[]> {
  const parents = await processes()
  const found = [pid]
  for (const ancestor of found)
    found.push(...parents.filter(([, parent]) => parent === ancestor).map(([child]) => child as number))
  return found
}

/** npm hands on the 0 of what it ran, or ends by the same signal itself, as its version has it. */
export const endedWell = (code: number | null) => code === 0 || code === null

/** A temporary folder of the file's own for all that it starts, open to all as the system's is; removed at its end. */
export async function ownTemporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'twohop-start-'))
  await chmod(dir, 0o1777)
  vi.stubEnv('TMPDIR', dir)
  afterAll(async () => {
    vi.unstubAllEnvs()
    for (const started of running) {
      try {
        ctrlC(started)
      } catch {
        // All of it is gone already, and only that its output ended is to be told.
      }
      await started.closed
    }
    await rm(dir, { recursive: true, force: true, maxRetries: 10 })
  })
  return dir
}

/** Folders of databases in it. */
export const postgresFolders = async (dir: string) =>
  (await readdir(dir)).filter((name) => name.startsWith('twohop-postgres-'))

/** Ends npm alone, and expects that all that it started ends too. */
export async function endsWithNpm({ process, stackFile }: Started, signal: NodeJS.Signals): Promise<void> {
  const pids = await family(Number(process.pid))
  expect(pids.length).toBeGreaterThanOrEqual(6)
  process.kill(signal)
  await expectGone(pids)
  await expect(access(stackFile)).rejects.toMatchObject({ code: 'ENOENT' })
}

/** Waits until all of these have ended: they end by themselves, but nothing tells when. */
export async function expectGone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isRunning)).toEqual([])
}
