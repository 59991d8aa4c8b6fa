import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** What one hop keeps for itself, and what is said anew of a body that is decoded on the way. */
const HOP = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'expect',
])
const CODED = new Set(['content-encoding', 'content-length', 'transfer-encoding', 'connection'])

/** Sends a request on to `url`, and its answer back as it comes. */
export async function passOn(request: IncomingMessage, body: Buffer, response: ServerResponse, url: string) {
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && !HOP.has(name) ? [[name, value]] : [],
  )
  const method = request.method ?? 'GET'
  const answer = await fetch(url, { method, headers, ...(body.length > 0 && { body: new Uint8Array(body) }) })
  response.writeHead(
    answer.status,
    [...answer.headers].filter(([name]) => !CODED.has(name)),
  )
  if (!answer.body) return void response.end()
  // Who leaves in the middle ends both ways.
  await pipeline(Readable.from(answer.body), response).catch(() => {})
}
