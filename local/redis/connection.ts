import { once } from 'node:events'
import { connect } from 'node:net'
import type { RedisReply } from './port.ts'
import { respCommand, respReader } from './resp.ts'

export type RedisConnection = {
  /** Sends commands in one write, so that no other caller's command comes between. Returns a reply for each. */
  send(commands: string[][]): Promise<RedisReply[]>
  /** Whether it is lost, so that nothing can be sent any more. */
  readonly lost: boolean
  close(): void
}

/** The path of a Unix socket, or an address. */
export type RedisAddress = string | { host: string; port: number }

/**
 * Connects to Redis. Replies come in the order of the commands. When the connection is lost,
 * every command without a reply is rejected.
 * @throws Error when nothing listens there
 */
export async function connectRedis(address: RedisAddress): Promise<RedisConnection> {
  const socket = typeof address === 'string' ? connect(address) : connect(address.port, address.host)
  await once(socket, 'connect')
  const waiting: { resolve: (reply: RedisReply) => void; reject: (error: Error) => void }[] = []
  const read = respReader()
  let lost: Error | undefined

  function lose(error: Error) {
    lost ??= error
    for (const { reject } of waiting.splice(0)) reject(lost)
    socket.destroy()
  }
  socket.on('data', (bytes) => {
    try {
      for (const reply of read(bytes)) waiting.shift()?.resolve(reply)
    } catch (error) {
      lose(error as Error)
    }
  })
  socket.on('error', lose)
  socket.on('close', () => lose(new Error('the connection to Redis is lost')))

  return {
    send(commands) {
      if (lost) return Promise.reject(lost)
      const replies = commands.map(
        () => new Promise<RedisReply>((resolve, reject) => waiting.push({ resolve, reject })),
      )
      socket.write(commands.map(respCommand).join(''))
      return Promise.all(replies)
    },
    get lost() {
      return lost !== undefined
    },
    close: () => socket.destroy(),
  }
}
