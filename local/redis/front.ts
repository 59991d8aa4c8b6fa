import * as z from 'zod'
import { LongSecret, Port, readEnvironment, sayListening } from '../read-environment.ts'
import { runPart } from '../run-part.ts'
import { remoteRedis } from './remote.ts'
import { startRestFront } from './rest.ts'

/**
 * Upstash's REST protocol in front of a Redis of one's own, as a process: on loopback alone, since it speaks no TLS. It
 * reads REDIS_REST_TOKEN (required, 32 characters or more), REDIS_REST_PORT (default 8079), REDIS_HOST (default
 * 127.0.0.1), REDIS_PORT (default 6379), REDIS_USER (default `default`) and REDIS_PASSWORD.
 */
const Environment = z.object({
  REDIS_REST_TOKEN: LongSecret,
  REDIS_REST_PORT: Port.default(8079),
  REDIS_HOST: z.string().min(1).default('127.0.0.1'),
  REDIS_PORT: Port.default(6379),
  REDIS_USER: z.string().min(1).optional(),
  REDIS_PASSWORD: z.string().min(1).optional(),
})

const { REDIS_REST_TOKEN, REDIS_REST_PORT, REDIS_HOST, REDIS_PORT, REDIS_USER, REDIS_PASSWORD } = process.env
const given = { REDIS_REST_TOKEN, REDIS_REST_PORT, REDIS_HOST, REDIS_PORT, REDIS_USER, REDIS_PASSWORD }

await runPart('redis-rest', async () => {
  const data = readEnvironment(Environment, given)
  const store = remoteRedis({
    ...{ host: data.REDIS_HOST, port: data.REDIS_PORT, user: data.REDIS_USER, password: data.REDIS_PASSWORD },
  })
  const front = await startRestFront({ store, token: data.REDIS_REST_TOKEN, port: data.REDIS_REST_PORT })
  sayListening(front.url)
  return {
    ready: { url: front.url },
    async stop() {
      await front.stop()
      await store.stop()
    },
  }
})
