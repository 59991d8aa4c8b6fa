import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { passOn } from './pass-on.ts'

/** A project's one address, as `supabase start` has it: who signs in, what is stored, and the functions. */
export async function startSupabaseGateway(parts: { auth: string; rest: string; functions: string }) {
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    const url = request.url ?? ''
    if (url.startsWith('/auth/v1/')) return passOn(request, body, response, `${parts.auth}${url}`)
    if (url.startsWith('/rest/v1/')) return passOn(request, body, response, `${parts.rest}${url}`)
    if (url.startsWith('/functions/v1/'))
      return passOn(request, body, response, `${parts.functions}${url.slice('/functions/v1'.length)}`)
    response.writeHead(404).end()
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
