import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { watched } from '../watched.ts'
import { connectRedis, type RedisConnection } from './connection.ts'
import { RedisError, type RedisStore } from './port.ts'

/** Milliseconds that redis-server may take to start; it takes about 20. */
const START_MS = 30_000

/** The most restarts. A server that ends more often has a lasting fault. */
const MAX_RESTARTS = 100

/** Path of `redis-server`, or undefined when it is not on the PATH. */
export const findRedisServer = (path?: string) => findOnPath('redis-server', path)

/** Path of a program, or undefined when it is not on the PATH. */
export async function findOnPath(
  program: string,
  path = process.env.PATH ?? '',
): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, program)
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return file
  }
  return undefined
}

type Server = { pid: number; connection: RedisConnection; process: ChildProcess }

/**
 * Runs a real Redis for this process alone. It listens on a Unix socket in a folder that only this user can enter, so
 * it takes no port and needs no password. It writes nothing to disk but its log in `folder`. When it ends by itself it
 * is started again, empty; commands are rejected meanwhile.
 * @throws Error when it does not start within 5 s
 */
export async function startRealRedis(file: string, folder: string): Promise<RedisStore> {
  const dir = resolve(folder)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const failed = Promise.withResolvers<Error>()
  let stopping = false

  async function launch(): Promise<Server> {
    // Not under `dir`: the path of a Unix socket may have only about 100 characters.
    const socketFolder = await mkdtemp(join(tmpdir(), 'twohop-redis-'))
    const socket = join(socketFolder, 'redis.sock')
    const settings = { port: 0, unixsocket: socket, unixsocketperm: 700, save: '', appendonly: 'no', dir }
    const flags = Object.entries({ ...settings, logfile: join(dir, 'redis.log'), loglevel: 'warning' })
    const command = [file, ...flags.flatMap(([name, value]) => [`--${name}`, String(value)])]
    const child = spawn('sh', ['-c', watched('TERM'), 'sh', socketFolder, ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      const [first] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(START_MS) })
      const connection = await untilConnected(socket, child)
      return { pid: Number(String(first).trim()), connection, process: child }
    } catch (cause) {
      child.stdin.end()
      throw new Error(`redis-server did not start; its log is ${join(dir, 'redis.log')}`, { cause })
    }
  }

  async function supervise(): Promise<void> {
    for (let restarts = 0; restarts <= MAX_RESTARTS; restarts++) {
      await once(server.process, 'exit')
      server.process.stdin?.end()
      if (stopping) return
      server = await launch()
    }
    throw new Error('redis-server keeps ending')
  }

  let server = await launch()
  supervise().catch(failed.resolve)

  return {
    kind: 'redis-server',
    get pid() {
      return server.pid
    },
    execute: async (command) => (await server.connection.send([command]))[0] ?? null,
    async transaction(commands) {
      const replies = await server.connection.send([['MULTI'], ...commands, ['EXEC']])
      const results = replies.at(-1)
      if (Array.isArray(results)) return results
      // An invalid command aborts them all, and EXEC reports it.
      throw results instanceof RedisError ? results : new Error('the transaction was aborted')
    },
    failed: failed.promise,
    async stop() {
      stopping = true
      server.connection.close()
      if (server.process.exitCode === null && server.process.signalCode === null) {
        const ended = once(server.process, 'exit')
        server.process.stdin?.end()
        await ended
      }
    },
  }
}

async function untilConnected(socket: string, child: ChildProcess): Promise<RedisConnection> {
  const deadline = Date.now() + START_MS
  for (;;) {
    try {
      return await connectRedis(socket)
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) throw error
      await wait(10)
    }
  }
}
