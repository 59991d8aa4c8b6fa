import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What this host does with a stream, by the tokens that are asked for; and what it answers to the question afterwards. */
export const ODD = {
  /** Two events, then the connection breaks. */
  breaks: 11,
  /** The same, and nobody answers the question. */
  breaksAndGone: 12,
  /** A whole answer, of which it knows nothing afterwards. */
  forgets: 13,
  /** Goes on until somebody leaves. */
  endless: 14,
} as const

/** What it says that it has computed, where it says it. */
export const ODD_USED = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }
/** An event of its streams. */
export const ODD_EVENT = 'data: {"id":"odd","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
const EVENT_MS = 20

/** A host that does what the real one does only when it dies. It checks no token. */
export async function startOddHost() {
  const asked = new Map<string, number>()

  function stream(response: ServerResponse, tokens: number): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    if (tokens === ODD.forgets) return void response.end(`${ODD_EVENT}data: [DONE]\n\n`)
    response.write(ODD_EVENT)
    if (tokens === ODD.endless) {
      const timer = setInterval(() => response.write(ODD_EVENT), EVENT_MS)
      response.once('close', () => clearInterval(timer))
    } else response.write(ODD_EVENT, () => setTimeout(() => response.destroy(), EVENT_MS))
  }

  function say(response: ServerResponse, tokens: number | undefined): void {
    if (tokens === ODD.breaksAndGone) return void response.destroy()
    const known = tokens !== undefined && tokens !== ODD.forgets
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(known ? { usage: ODD_USED, timing: { queue_ms: 0, compute_ms: 3 } } : {}))
  }

  const server = createServer(async (request, response) => {
    const body = (await Array.fromAsync(request)).join('')
    if (request.method === 'DELETE') return say(response, asked.get(request.url?.split('/').at(-1) ?? ''))
    const { max_tokens } = JSON.parse(body)
    asked.set(idOf(request), max_tokens)
    stream(response, max_tokens)
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

/** The request's id, from its token. */
function idOf({ headers }: IncomingMessage): string {
  const [, claims = ''] = headers.authorization?.split('.') ?? []
  return JSON.parse(Buffer.from(claims, 'base64url').toString()).jti
}
