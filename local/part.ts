import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process of the stack. */
export type Part<Ready> = {
  ready: Ready
  pid: number
  /** Settles when the process has ended, however that came. */
  ended: Promise<void>
  /** Ends the process: politely, then after `graceMs` for good. */
  stop(): Promise<void>
}

export type PartOptions = {
  args?: string[]
  env?: Record<string, string>
  /** Called with each line that the process prints. */
  onLine?: (line: string) => void
  graceMs?: number
  /** Aborted while the process is still starting, it is ended and waited for. */
  signal?: AbortSignal | undefined
}

/** A part that could not start; the message is the last thing it said. */
export class PartFailed extends Error {}

/**
 * Starts a TypeScript file as a process and waits for its `{type: 'ready'}` message. Each part ends by itself when
 * this process is gone (its channel closes), so that even a killed launcher leaves nothing behind.
 * @throws PartFailed when it ends before it is ready, or `signal` is aborted by then
 */
export async function startPart<Ready>(
  file: URL,
  { args = [], env = {}, onLine, graceMs = 5000, signal }: PartOptions = {},
): Promise<Part<Ready>> {
  signal?.throwIfAborted()
  const child = fork(file, args, {
    env: { ...process.env, ...env },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // In a group of its own, so that Ctrl-C reaches the launcher alone, which then stops the parts in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const ended = once(child, 'exit').then(() => {})
  let last = ''
  for (const stream of [child.stdout, child.stderr])
    if (stream)
      createInterface({ input: stream }).on('line', (line) => {
        if (line.trim()) last = line
        onLine?.(line)
      })
  const abort = () => child.kill('SIGTERM')
  signal?.addEventListener('abort', abort)
  const ready = await Promise.race([readyMessage<Ready>(child), once(child, 'close').then(() => undefined)])
  signal?.removeEventListener('abort', abort)
  if (ready === undefined || child.pid === undefined)
    throw new PartFailed(last || `${file.pathname} ended before it was ready`)
  return {
    ready,
    pid: child.pid,
    ended,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await ended
      clearTimeout(timer)
    },
  }
}

function readyMessage<Ready>(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve) => {
    child.on('message', ({ type, ...ready }: { type?: string }) => {
      if (type === 'ready') resolve(ready as Ready)
    })
  })
}
