import { buffer } from 'node:stream/consumers'
import { serveOnLoopback } from '../fixtures/loopback-server.ts'
import { passOn } from './pass-on.ts'

/** A project's one address, as `supabase start` has it: who signs in, what is stored, and the functions. */
export async function startSupabaseGateway(parts: { auth: string; rest: string; functions: string }) {
  return serveOnLoopback(async (request, response) => {
    const body = await buffer(request)
    const url = request.url ?? ''
    if (url.startsWith('/auth/v1/')) return passOn(request, body, response, `${parts.auth}${url}`)
    if (url.startsWith('/rest/v1/')) return passOn(request, body, response, `${parts.rest}${url}`)
    if (url.startsWith('/functions/v1/'))
      return passOn(request, body, response, `${parts.functions}${url.slice('/functions/v1'.length)}`)
    response.writeHead(404).end()
  })
}
