import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KEEP_ALIVE_MS } from '../../shared/keep-alive.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { readBoundedStream } from '../../shared/read-bounded.ts'
import { asUpstash } from './dialect.ts'
import { RedisError, type RedisReply, type RedisStore, Status } from './port.ts'

type RestOptions = {
  store: RedisStore
  /** Bearer token that every request needs. */
  token: string
  /** Port on 127.0.0.1; default 0, any free one. */
  port?: number
}

/** The largest request, in bytes: Upstash's own limit (upstash.com/docs/redis/overall/pricing, pay as you go). */
const MAX_BODY = 10 * 1024 * 1024

/** Commands that change or block the one connection that all requests share. */
const REFUSED = new Set(
  `auth blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin client discard exec hello monitor multi psubscribe
  psync quit reset select shutdown ssubscribe subscribe sync unwatch wait watch`.split(/\s+/),
)

class TooLong extends Error {}

type Answer = { status: number; body: unknown }

/**
 * Upstash's REST protocol on loopback, in front of a Redis of either kind. `POST /` takes one command, `POST /pipeline`
 * a list of commands, `POST /multi-exec` a list to run as one; `Upstash-Encoding: base64` is supported.
 * `GET /twohop/stats` counts the requests and commands so far, so that tests and benchmarks can count round trips.
 *
 * It was written because @humanwhocodes/upstash-redis-server 1.0.0 protects only `/` with its token, leaves `/pipeline`
 * open to anyone, and has neither base64 nor multi-exec nor an in-process Redis.
 * @throws Error with code EADDRINUSE when the port is taken
 */
export async function startRestFront({ store, token, port = 0 }: RestOptions) {
  const redis = asUpstash(store)
  const stats = { requests: 0, commands: 0 }

  async function answer(request: IncomingMessage): Promise<Answer> {
    if (!isBearer(request.headers.authorization, token)) return failure(401, 'Unauthorized')
    if (request.method === 'GET' && request.url === '/twohop/stats') return { status: 200, body: stats }
    if (request.method !== 'POST') return failure(405, 'Only POST is served')
    stats.requests++
    const encode = request.headers['upstash-encoding'] === 'base64' ? base64 : plain
    const body = await jsonOf(request)
    if (body === undefined) return failure(413, `max request size exceeded. Limit: ${MAX_BODY} bytes`)

    if (request.url === '/') {
      const command = commandOf(body)
      if (!command) return failure(400, 'ERR failed to parse command')
      stats.commands++
      const reply = await redis.execute(command)
      return reply instanceof RedisError
        ? failure(400, reply.message)
        : { status: 200, body: result(reply, encode) }
    }
    if (request.url !== '/pipeline' && request.url !== '/multi-exec') return failure(404, 'Not found')
    const commands = Array.isArray(body) ? body.map(commandOf) : []
    if (commands.length === 0 || !commands.every((command) => command !== undefined))
      return failure(400, 'ERR failed to parse pipeline')
    stats.commands += commands.length
    const replies = await (request.url === '/pipeline'
      ? Promise.all(commands.map((command) => redis.execute(command)))
      : redis.transaction(commands))
    return { status: 200, body: replies.map((reply) => result(reply, encode)) }
  }

  const server = createServer((request, response) => {
    void answer(request)
      .catch((error: Error) => failure(500, `ERR ${error.message}`))
      .then((answered) => send(response, answered))
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  // The unread rest of an oversized body would be taken for the next request.
  if (status === 413) response.setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const failure = (status: number, error: string): Answer => ({ status, body: { error } })

/** Compares hashes, not texts, so that the time taken tells nothing of the token or its length. */
function isBearer(header: string | undefined, token: string): boolean {
  const sum = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(sum(header ?? ''), sum(`Bearer ${token}`))
}

/** The body as JSON; null where it is no JSON, undefined where it is too large. */
async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const pieces = (request as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    // This way the connection stays, which the refusal still needs.
    cancel: async () => void (await pieces.return?.()),
  })
  try {
    const text = await readBoundedStream(body, { most: MAX_BODY, tooLong: () => new TooLong() })
    return parseJson(text) ?? null
  } catch (error) {
    if (error instanceof TooLong) return undefined
    throw error
  }
}

/** A command's words as texts; undefined where it is no command, or one that may not run on this connection. */
function commandOf(body: unknown): string[] | undefined {
  if (!Array.isArray(body) || body.length === 0) return undefined
  const words = body.map((word) => (typeof word === 'object' ? JSON.stringify(word) : String(word)))
  return REFUSED.has(words[0]?.toLowerCase() ?? '') ? undefined : words
}

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64')
const plain = (text: string) => text

function result(
  reply: RedisReply,
  encode: (text: string) => string,
): { result: unknown } | { error: string } {
  const encoded = (part: RedisReply): unknown => {
    if (part instanceof Status) return part.text === 'OK' ? part.text : encode(part.text)
    if (part instanceof RedisError) return encode(part.message)
    if (Array.isArray(part)) return part.map(encoded)
    return typeof part === 'string' ? encode(part) : part
  }
  return reply instanceof RedisError ? { error: reply.message } : { result: encoded(reply) }
}
