import { buffer } from 'node:stream/consumers'
import { errorResponse, TwohopError } from '../../shared/errors.ts'
import { serveOnLoopback } from '../fixtures/loopback-server.ts'
import { passOn } from './pass-on.ts'

/** A host whose queue is full at every other request: the first is refused, the next goes on to `host`. */
export async function startBusyHost(host: string) {
  let asked = 0
  return serveOnLoopback(async (request, response) => {
    const body = await buffer(request)
    const computes = request.method === 'POST' && request.url?.startsWith('/v1/')
    if (!computes || asked++ % 2 === 1) return passOn(request, body, response, `${host}${request.url}`)
    const refused = errorResponse(new TwohopError('host_busy', 'The queue is full.'), 'busy')
    response.writeHead(refused.status, { 'content-type': 'application/json' }).end(await refused.text())
  })
}
