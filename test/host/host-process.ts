import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ModelInfo } from '../../inference-host/work/engine.ts'
import { MODELS_DIR } from '../fixtures/models-dir.ts'

const MAIN = fileURLToPath(new URL('../../inference-host/main.ts', import.meta.url))

/** The host as its own process. */
export type HostProcess = {
  child: ChildProcess
  /** Resolves with what the host says over its channel once it is ready. */
  ready: Promise<{ type: 'ready'; url: string; models: ModelInfo[] }>
  /** Resolves when a line of its output matches. */
  line(pattern: RegExp): Promise<string>
  /** Resolves at its end with its exit code and what it wrote to stderr. */
  ended: Promise<{ code: number | null; stderr: string }>
}

export function startHostProcess(environment: Record<string, string>): HostProcess {
  const child = fork(MAIN, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      HOST_PORT: '0',
      HOST_DEVICE: 'cpu',
      // As `threadsFor` says of small models; a host of real ones is given its own.
      HOST_THREADS: '1',
      MODELS_DIR,
      ...environment,
    },
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (piece) => {
    stdout += piece
  })
  child.stderr?.on('data', (piece) => {
    stderr += piece
  })
  // Not `close`: a child whose channel was closed from this side never has that event (Node 24).
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const written = new Promise((resolve) => child.stderr?.once('end', resolve))
  const ended = Promise.all([exited, written]).then(([code]) => ({ code, stderr }))
  const gone = async (): Promise<never> => {
    const { code } = await ended
    throw new Error(`the host ended with ${code}: ${stderr}`)
  }
  return {
    child,
    ended,
    ready: Promise.race([
      new Promise<Awaited<HostProcess['ready']>>((resolve) =>
        child.once('message', (message) => resolve(message as Awaited<HostProcess['ready']>)),
      ),
      gone(),
    ]),
    line: (pattern) =>
      Promise.race([
        new Promise<string>((resolve) => {
          const look = () => {
            const found = stdout.split('\n').find((one) => pattern.test(one))
            if (found !== undefined) resolve(found)
          }
          child.stdout?.on('data', look)
          look()
        }),
        gone(),
      ]),
  }
}
