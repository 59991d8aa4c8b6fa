import { runPart } from '../run-part.ts'
import { startRedis } from './start.ts'

/**
 * The local Redis as a process of its own. It reads REDIS_DIR (folder for its log, default .local/redis), REDIS_PREFER
 * (auto, redis-server or embedded; default auto) and REDIS_PORT (default 0, any free one). It sends its parent
 * `{type: 'ready', url, token, kind, pid}`.
 */
const { REDIS_DIR: dir = '.local/redis', REDIS_PREFER: prefer = 'auto', REDIS_PORT = '0' } = process.env

await runPart('redis', async () => {
  if (prefer !== 'auto' && prefer !== 'redis-server' && prefer !== 'embedded')
    throw new Error(`REDIS_PREFER is auto, redis-server or embedded, not ${prefer}`)
  const redis = await startRedis({ dir, port: Number(REDIS_PORT), prefer })
  const { url, token, kind, pid, failed } = redis
  return { ready: { url, token, kind, pid }, failed, stop: () => redis.stop() }
})
