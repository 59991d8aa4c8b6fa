import type { IncomingMessage, ServerResponse } from 'node:http'
import type { UsageAnswer, UsageQuestion } from '../../shared/usage.ts'
import { serveOnLoopback } from '../fixtures/loopback-server.ts'

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
  /** So many and more: a whole answer that ends with TOGETHER - 1 others. Each that asks for one more is said to have one more. */
  together: 15,
  /** Not streamed: a whole answer, counted in its headers. */
  whole: 11,
  /** The same, of which the connection breaks before its end. */
  wholeBreaks: 12,
} as const
export const TOGETHER = 16

/** What it says that it has computed, where it says it. */
export const ODD_USED = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }
/** An event of its streams. */
export const ODD_EVENT = 'data: {"id":"odd","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
/** Its whole answer. What is no ASCII shows that bytes are passed on, not texts. */
export const ODD_ANSWER =
  '{"id":"odd","choices":[{"index":0,"message":{"role":"assistant","content":"h\u00e9"}}]}'
const EVENT_MS = 20

/** A host that does what the real one does only when it dies. It checks no token. */
export async function startOddHost() {
  const asked = new Map<string, number>()
  let waiting: ServerResponse[] = []
  /** Questions what requests were, by their methods. */
  const questions = { POST: 0, DELETE: 0 }

  function stream(response: ServerResponse, tokens: number): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    if (tokens === ODD.forgets) return void response.end(`${ODD_EVENT}data: [DONE]\n\n`)
    response.write(ODD_EVENT)
    if (tokens >= ODD.together) {
      waiting.push(response)
      response.once('close', () => {
        waiting = waiting.filter((one) => one !== response)
      })
      if (waiting.length < TOGETHER) return
      for (const one of waiting) one.end('data: [DONE]\n\n')
      waiting = []
    } else if (tokens === ODD.endless) {
      const timer = setInterval(() => response.write(ODD_EVENT), EVENT_MS)
      response.once('close', () => clearInterval(timer))
    } else response.write(ODD_EVENT, () => setTimeout(() => response.destroy(), EVENT_MS))
  }

  function answer(response: ServerResponse, tokens: number): void {
    const body = Buffer.from(ODD_ANSWER)
    response.writeHead(200, {
      'content-type': 'text/html',
      'content-length': body.length,
      'x-usage': JSON.stringify(ODD_USED),
      'x-timing': '{"queue_ms":0,"compute_ms":3}',
      'set-cookie': 'odd=1',
    })
    if (tokens === ODD.whole) response.end(body)
    else response.write(body.subarray(0, 20), () => setTimeout(() => response.destroy(), EVENT_MS))
  }

  /** What it says of a request; undefined where it knows nothing of it. */
  function saidOf(id: string): Omit<UsageAnswer['requests'][number], 'id'> | undefined {
    const tokens = asked.get(id)
    if (tokens === undefined || tokens === ODD.forgets) return undefined
    const more = Math.max(0, tokens - ODD.together)
    const { prompt_tokens, completion_tokens, total_tokens } = ODD_USED
    return {
      usage: {
        prompt_tokens,
        completion_tokens: completion_tokens + more,
        total_tokens: total_tokens + more,
      },
      timing: { queue_ms: 0, compute_ms: 3 },
    }
  }

  function json(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  function sayOne(response: ServerResponse, id: string): void {
    questions.DELETE++
    if (asked.get(id) === ODD.breaksAndGone) return void response.destroy()
    const said = saidOf(id)
    json(response, said ? 200 : 404, said ?? {})
  }

  function sayAll(response: ServerResponse, { requests }: UsageQuestion): void {
    questions.POST++
    const known = requests.flatMap(({ id }) => {
      const said = saidOf(id)
      return said ? [{ id, ...said }] : []
    })
    json(response, 200, { requests: known })
  }

  return serveOnLoopback(async (request, response) => {
    const body = (await Array.fromAsync(request)).join('')
    const { method, url = '' } = request
    if (method === 'GET') return json(response, 200, questions)
    if (method === 'DELETE') return sayOne(response, url.split('/').at(-1) ?? '')
    if (url.endsWith('/usage')) return sayAll(response, JSON.parse(body))
    const asking = JSON.parse(body)
    asked.set(idOf(request), asking.max_tokens)
    if (asking.stream) stream(response, asking.max_tokens)
    else answer(response, asking.max_tokens)
  })
}

/** The request's id, from its token. */
function idOf({ headers }: IncomingMessage): string {
  const [, claims = ''] = headers.authorization?.split('.') ?? []
  return JSON.parse(Buffer.from(claims, 'base64url').toString()).jti
}
