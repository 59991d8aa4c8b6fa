import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process of the stack. */
export type Part<Ready> = {
  ready: Ready
  pid: number
  /** Settles when the process has ended, for any reason. */
  ended: Promise<void>
  /** Sends it a message over its channel. */
  tell(message: { type: string }): void
  /** Ends the process with SIGTERM, and with SIGKILL after `graceMs`. */
  stop(): Promise<void>
}

export type PartOptions = {
  args?: string[]
  env?: Record<string, string>
  /** Called with each line that the process prints. */
  onLine?: (line: string) => void
  graceMs?: number
  /** If it is aborted while the process is still starting, the process is ended and waited for. */
  signal?: AbortSignal | undefined
}

/** A part that could not start; the message is the last line that it printed. */
export class PartFailed extends Error {}

/**
 * Starts a TypeScript file as a process and waits for its `{type: 'ready'}` message. Each part ends by itself when this
 * process is gone (its channel closes), so that even a killed launcher leaves nothing behind.
 * @throws PartFailed when the part ends before it is ready, also after an abort of `signal`; the abort's reason when
 *   `signal` was aborted before the start
 */
export async function startPart<Ready>(
  file: URL,
  { args = [], env = {}, onLine, graceMs = 5000, signal }: PartOptions = {},
): Promise<Part<Ready>> {
  signal?.throwIfAborted()
  const child = fork(file, args, {
    env: { ...process.env, ...env },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // The process has a group of its own, so that Ctrl-C reaches only the launcher, which then stops the parts in
    // order.
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
    tell(message) {
      if (child.connected) child.send(message)
    },
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
