import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { errorResponse, TwohopError } from '../../shared/errors.ts'
import { serveOnLoopback } from '../fixtures/loopback-server.ts'
import { passOn } from './pass-on.ts'

/** A host whose queue is full at each account's first request; the next goes on to `host`. */
export async function startBusyHost(host: string) {
  const asked = new Set<string>()
  return serveOnLoopback(async (request, response) => {
    const body = await buffer(request)
    const computes = request.method === 'POST' && request.url?.startsWith('/v1/')
    const account = accountOf(request)
    if (!computes || asked.has(account)) return passOn(request, body, response, `${host}${request.url}`)
    asked.add(account)
    const refused = errorResponse(new TwohopError('host_busy', 'The queue is full.'), 'busy')
    response.writeHead(refused.status, { 'content-type': 'application/json' }).end(await refused.text())
  })
}

/** The account that a request is for, from its token. */
function accountOf({ headers }: IncomingMessage): string {
  const [, claims = ''] = headers.authorization?.split('.') ?? []
  return String(JSON.parse(Buffer.from(claims, 'base64url').toString()).sub)
}
