import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { eventually } from '../stack/client.ts'

export type EdgeProcess = {
  url: string
  pid: number
  /** All that it printed so far, both streams. */
  log(): string
  /** Sends SIGTERM and waits for its end. Gives the exit code. */
  stop(): Promise<number | null>
}

export type Command = {
  command: string
  args: readonly string[]
  env: Record<string, string>
  /** Finds the address in a line that it prints when it listens; or the address, of what does not say when it listens. */
  listening: ((line: string) => string | undefined) | string
}

/** @throws Error with what it printed, where it ends before it listens */
export async function startProcess({ command, args, env, listening }: Command): Promise<EdgeProcess> {
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let printed = ''
  const ended = once(child, 'close').then(() => reject(new Error(printed || `${command} ended`)))
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      printed += `${line}\n`
      const url = typeof listening === 'string' ? undefined : listening(line)
      if (url !== undefined) resolve(url)
    })
  child.on('error', reject)
  if (typeof listening === 'string') void connected(listening).then(() => resolve(listening), reject)
  const url = await promise
  return {
    url,
    pid: child.pid ?? 0,
    log: () => printed,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const force = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await ended
      clearTimeout(force)
      return child.exitCode
    },
  }
}

/** The address in a line of the edge's own log. */
export function fromLog(line: string): string | undefined {
  if (!line.includes('"listening"')) return undefined
  return (JSON.parse(line) as { url?: string }).url
}

/** Waits until something listens at `url`. @throws Error where nothing does within 20 s */
async function connected(url: string): Promise<void> {
  const { port, hostname } = new URL(url)
  await eventually(
    () =>
      new Promise<true | undefined>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.destroy()
          resolve(true)
        }).on('error', () => resolve(undefined))
      }),
  )
}
