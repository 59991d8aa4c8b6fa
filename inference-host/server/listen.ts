import { createAdaptorServer } from '@hono/node-server'

/** A listening server. `close` lets open answers end for at most `graceMs`. */
export type Listening = { url: string; close(graceMs: number): Promise<void> }

type Fetch = (request: Request) => Response | Promise<Response>

/**
 * Serves `fetch` over HTTP.
 * @param portVariable the variable that `port` comes from; `bind` comes from HOST_BIND
 * @throws Error of one line where the address cannot be had, which names the variable and what to put there
 */
export async function listen(
  fetch: Fetch,
  bind: string,
  port: number,
  portVariable = 'HOST_PORT',
): Promise<Listening> {
  const server = createAdaptorServer({ fetch })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(why(error.code, bind, port, portVariable), { cause: error })),
    )
    server.listen(port, bind, resolve)
  })
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error(`cannot listen on ${bind}:${port}`)
  const host = at.family === 'IPv6' ? `[${at.address}]` : at.address
  return {
    url: `http://${host}:${at.port}`,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const timer = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), graceMs)
      await closed
      clearTimeout(timer)
    },
  }
}

function why(code: string | undefined, bind: string, port: number, portVariable: string): string {
  if (code === 'EADDRINUSE')
    return `${portVariable}: port ${port} on ${bind} is taken; put another there, or 0 for any free one`
  if (code === 'EACCES')
    return `${portVariable}: port ${port} is not for this user; put one above 1023 there, or 0 for any free one`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EINVAL')
    return `HOST_BIND: this machine has no address ${bind}; put 127.0.0.1, 0.0.0.0 or one of its own there`
  return `HOST_BIND, ${portVariable}: cannot listen on ${bind}:${port} (${code})`
}
