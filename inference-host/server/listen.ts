import { createAdaptorServer } from '@hono/node-server'

/** A listening server. `close` lets open answers end for at most `graceMs`. */
export type Listening = { url: string; close(graceMs: number): Promise<void> }

type Fetch = (request: Request) => Response | Promise<Response>

/** Serves `fetch` over HTTP. @throws Error of one line where the address cannot be had. */
export async function listen(fetch: Fetch, bind: string, port: number): Promise<Listening> {
  const server = createAdaptorServer({ fetch })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Error(
          error.code === 'EADDRINUSE'
            ? `port ${port} on ${bind} is taken`
            : `cannot listen on ${bind}:${port} (${error.code})`,
        ),
      ),
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
