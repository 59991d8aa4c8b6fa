import {
  createAdaptorServer,
  getRequestListener,
  type Http2Bindings,
  type HttpBindings,
} from '@hono/node-server'
import { KEEP_ALIVE_MS } from './keep-alive.ts'
import { answerUnread, type TellFailed } from './unread-request.ts'

/** A listening server. `close` lets open answers end for at most `graceMs`. */
export type Listening = { url: string; close(graceMs: number): Promise<void> }

/** @param from the connection, whose other end is the client or a proxy */
type Fetch = (request: Request, from: HttpBindings | Http2Bindings) => Response | Promise<Response>

/** An address that cannot be had. The message, one line, names the variable and what to put there. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen'
}

/** The variables that an address comes from, for complaints about it. */
type Names = { bind: string; port: string }
const OF_THE_HOST: Names = { bind: 'HOST_BIND', port: 'HOST_PORT' }

/** Where to listen, and whom to tell of an answer that could not be made. */
type At = { bind: string; port: number; names?: Names; failed: TellFailed }

/** How often connections that wait for another request are looked for while a server closes, in milliseconds. */
const IDLE_MS = 100

/**
 * Serves `fetch` over HTTP on Node.
 * @throws CannotListen where the address cannot be had
 */
export async function listen(
  fetch: Fetch,
  { bind, port, names = OF_THE_HOST, failed }: At,
): Promise<Listening> {
  const server = createAdaptorServer({ fetch })
  // Its own listener takes no handler of errors.
  server.removeAllListeners('request')
  server.on('request', getRequestListener(fetch, { errorHandler: answerUnread(failed) }))
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new CannotListen(why(error.code, bind, port, names), { cause: error })),
    )
    server.listen(port, bind, resolve)
  })
  const at = server.address()
  if (at === null || typeof at === 'string')
    throw new CannotListen(`${names.bind}: is no address to listen on`)
  const host = at.family === 'IPv6' ? `[${at.address}]` : at.address
  return {
    url: `http://${host}:${at.port}`,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A connection that carries an answer now stays open after it, for a request that nobody would serve.
      const idle = setInterval(
        () => 'closeIdleConnections' in server && server.closeIdleConnections(),
        IDLE_MS,
      )
      const timer = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), graceMs)
      await closed
      clearInterval(idle)
      clearTimeout(timer)
    },
  }
}

function why(code: string | undefined, bind: string, port: number, names: Names): string {
  if (code === 'EADDRINUSE')
    return `${names.port}: port ${port} on ${bind} is taken; put another there, or 0 for any free one`
  if (code === 'EACCES')
    return `${names.port}: port ${port} is not for this user; put one above 1023 there, or 0 for any free one`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EINVAL')
    return `${names.bind}: this machine has no such address; put 127.0.0.1, 0.0.0.0 or one of its own there`
  return `${names.bind}, ${names.port}: cannot listen there (${code})`
}
