import { startRedis } from './start.ts'

/**
 * The local Redis as a process of its own. Reads REDIS_DIR (folder for its log, default .local/redis), REDIS_PREFER
 * (auto, redis-server or embedded; default auto) and REDIS_PORT (default 0, any free one). Tells its parent
 * `{type: 'ready', url, token, kind, pid}`, and ends on SIGTERM, SIGINT or with its parent.
 */
const { REDIS_DIR = '.local/redis', REDIS_PREFER = 'auto', REDIS_PORT = '0' } = process.env

try {
  if (REDIS_PREFER !== 'auto' && REDIS_PREFER !== 'redis-server' && REDIS_PREFER !== 'embedded')
    throw new Error(`REDIS_PREFER is auto, redis-server or embedded, not ${REDIS_PREFER}`)
  const redis = await startRedis({ dir: REDIS_DIR, port: Number(REDIS_PORT), prefer: REDIS_PREFER })
  const stop = (exitCode: number) => void redis.stop().finally(() => process.exit(exitCode))
  process.once('SIGTERM', () => stop(0))
  process.once('SIGINT', () => stop(0))
  process.once('disconnect', () => stop(0))
  redis.failed.then((error) => {
    console.error(`redis: ${error.message}`)
    stop(1)
  })
  const { url, token, kind, pid } = redis
  process.send?.({ type: 'ready', url, token, kind, pid })
} catch (error) {
  console.error(`redis: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}
