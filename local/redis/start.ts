import { randomBytes } from 'node:crypto'
import { startEmbeddedRedis } from './embedded.ts'
import type { RedisKind, RedisStore } from './port.ts'
import { findRedisServer, startRealRedis } from './real.ts'
import { startRestFront } from './rest.ts'

export type StartRedisOptions = {
  /** Folder for the log of a real Redis; made if it does not exist. */
  dir: string
  /** Port of the REST front on 127.0.0.1; default 0, any free one. */
  port?: number
  /** `auto`, the default: redis-server if it is on the PATH, or else the embedded one. */
  prefer?: 'auto' | RedisKind
}

export type LocalRedis = {
  url: string
  token: string
  kind: RedisKind
  /** Id of the process that holds the data: redis-server's, which changes at a restart, or this process's. */
  readonly pid: number
  /** Settles with the reason when Redis has ended and cannot be started again. */
  failed: Promise<Error>
  stop(): Promise<void>
}

/**
 * Starts a local Redis behind Upstash's REST protocol, with a fresh token.
 * @throws Error when `redis-server` is requested and not on the PATH, or when the port is taken
 */
export async function startRedis({ dir, port = 0, prefer = 'auto' }: StartRedisOptions): Promise<LocalRedis> {
  const store = await startStore(dir, prefer)
  const token = randomBytes(24).toString('base64url')
  try {
    const front = await startRestFront({ store, token, port })
    return {
      url: front.url,
      token,
      kind: store.kind,
      get pid() {
        return store.pid
      },
      failed: store.failed,
      async stop() {
        await front.stop()
        await store.stop()
      },
    }
  } catch (error) {
    await store.stop()
    throw error
  }
}

async function startStore(dir: string, prefer: 'auto' | RedisKind): Promise<RedisStore> {
  const file = prefer === 'embedded' ? undefined : await findRedisServer()
  if (file) return startRealRedis(file, dir)
  if (prefer === 'redis-server')
    throw new Error('no redis-server is on the PATH; Debian has it as redis-server')
  return startEmbeddedRedis()
}
