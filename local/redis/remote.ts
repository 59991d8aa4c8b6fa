import { connectRedis, type RedisConnection } from './connection.ts'
import { RedisError, type RedisReply, type RedisStore } from './port.ts'

export type RemoteRedis = {
  host: string
  port: number
  /** Default: the user `default`. */
  user?: string | undefined
  password?: string | undefined
}

/**
 * A Redis that runs elsewhere. It connects at the first command, and again at the next one after the connection is lost;
 * a command whose reply is lost is rejected and never sent twice.
 * @throws Error, from each command, where Redis is away or does not take the password
 */
export function remoteRedis({ host, port, user = 'default', password }: RemoteRedis): RedisStore {
  let connecting: Promise<RedisConnection> | undefined

  async function connect(): Promise<RedisConnection> {
    const connection = await connectRedis({ host, port })
    if (password === undefined) return connection
    const [answer] = await connection.send([['AUTH', user, password]])
    if (!(answer instanceof RedisError)) return connection
    connection.close()
    // Redis repeats nothing of a password, and neither does this.
    throw new Error('Redis does not take this user and password')
  }

  /** The connection, or a new one where it is known to be lost: nothing was sent on that yet. */
  async function connected(): Promise<RedisConnection> {
    for (;;) {
      connecting ??= connect()
      const mine = connecting
      try {
        const connection = await mine
        if (!connection.lost) return connection
      } catch (error) {
        if (connecting === mine) connecting = undefined
        throw error
      }
      if (connecting === mine) connecting = undefined
    }
  }
  const send = async (commands: string[][]): Promise<RedisReply[]> => (await connected()).send(commands)

  return {
    kind: 'redis-server',
    pid: 0,
    execute: async (command) => (await send([command]))[0] ?? null,
    async transaction(commands) {
      const results = (await send([['MULTI'], ...commands, ['EXEC']])).at(-1)
      if (Array.isArray(results)) return results
      // An invalid command aborts them all, and EXEC reports it.
      throw results instanceof RedisError ? results : new Error('the transaction was aborted')
    },
    failed: new Promise(() => {}),
    async stop() {
      await connecting?.then(
        (connection) => connection.close(),
        () => {},
      )
    },
  }
}
