import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { connectRedis, type RedisConnection } from '../../local/redis/connection.ts'
import { startRestFront } from '../../local/redis/rest.ts'
import { watched } from '../../local/watched.ts'
import { redisServer } from '../fixtures/redis-server.ts'

const START_MS = 30_000
const TOKEN = 'the-token-of-a-test'

/**
 * A real redis-server that a test may kill, freeze and start again, behind Upstash's REST protocol, whose address stays
 * the same meanwhile.
 * @param keeps whether it writes what it does to disk before it answers, and has it again afterwards
 */
export async function startRedisServer({ dir, keeps }: { dir: string; keeps: boolean }) {
  let running: { pid: number; child: ChildProcess; connection: RedisConnection } | undefined

  async function start(): Promise<void> {
    const socketFolder = await mkdtemp(join(tmpdir(), 'twohop-redis-'))
    const socket = join(socketFolder, 'redis.sock')
    const address = { port: 0, unixsocket: socket, unixsocketperm: 700 }
    const kept = { dir, save: '', appendonly: keeps ? 'yes' : 'no', appendfsync: 'always' }
    const settings = { ...address, ...kept, logfile: join(dir, 'redis.log') }
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    const server = [redisServer ?? 'redis-server', ...flags]
    const child = spawn('sh', ['-c', watched('TERM'), 'sh', socketFolder, ...server], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const [first] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(START_MS) })
    running = { pid: Number(String(first).trim()), child, connection: await untilConnected(socket) }
    await running.connection.send([['PING']])
  }

  const sent = async (commands: string[][]) => {
    if (!running) throw new Error('redis-server does not run')
    return running.connection.send(commands)
  }
  await start()
  const front = await startRestFront({
    token: TOKEN,
    store: {
      kind: 'redis-server',
      pid: 0,
      execute: async (command) => (await sent([command]))[0] ?? null,
      transaction: () => Promise.reject(new Error('no test asks for one')),
      failed: new Promise(() => {}),
      stop: async () => {},
    },
  })

  async function kill(): Promise<void> {
    if (!running) return
    const { pid, child, connection } = running
    const ended = once(child, 'exit')
    process.kill(pid, 'SIGKILL')
    await ended
    connection.close()
    running = undefined
  }

  return {
    url: front.url,
    token: TOKEN,
    /** Ends it as a crash does; commands are refused until it is started again. */
    kill,
    start,
    /** Stops its clock: it takes commands and answers none, until `thaw`. */
    freeze: () => void (running && process.kill(running.pid, 'SIGSTOP')),
    thaw: () => void (running && process.kill(running.pid, 'SIGCONT')),
    /** Runs one command, past the front. */
    async command<Result>(...words: (string | number)[]): Promise<Result> {
      const [reply] = await sent([words.map(String)])
      if (reply instanceof Error) throw reply
      return reply as Result
    },
    async stop() {
      await kill()
      await front.stop()
    },
  }
}

async function untilConnected(socket: string): Promise<RedisConnection> {
  for (const deadline = Date.now() + START_MS; ; ) {
    try {
      return await connectRedis(socket)
    } catch (error) {
      if (Date.now() > deadline) throw error
      await wait(5)
    }
  }
}
