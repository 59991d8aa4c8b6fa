import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { errorResponse, TwohopError } from '../../shared/errors.ts'

/** A host whose queue is full at every other request: the first is refused, the next goes on to `host`. */
export async function startBusyHost(host: string) {
  let asked = 0
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const computes = request.method === 'POST' && request.url?.startsWith('/v1/')
    const answer =
      computes && asked++ % 2 === 0
        ? errorResponse(new TwohopError('host_busy', 'The queue is full.'), 'busy')
        : await fetch(`${host}${request.url}`, {
            method: request.method ?? 'GET',
            headers: headersOf(request.headers),
            ...(body.length > 0 && { body }),
          })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Those that one hop passes on to the next. */
function headersOf(headers: Record<string, string | string[] | undefined>): [string, string][] {
  const hop = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'])
  return Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && !hop.has(name) ? [[name, value]] : [],
  )
}
