import type { Context } from 'hono'
import { sha256Hex } from '../../shared/hex.ts'
import document from './openapi.json' with { type: 'json' }

const text = JSON.stringify(document)
let tag: Promise<string> | undefined

/**
 * `GET /openapi.json`: the API as edge/openapi/document.ts makes it of the table of routes. It is the same of every edge,
 * and says nothing of how this one is configured.
 */
export async function openApiRoute(c: Context): Promise<Response> {
  tag ??= sha256Hex(text).then((hash) => `"${hash.slice(0, 32)}"`)
  return cached(c, await tag, () => c.body(text, 200, { 'content-type': 'application/json' }))
}

/** An answer that may be kept for a while, or 304 to who has it already (RFC 9110, section 13.1.2). */
export function cached(c: Context, tag: string, fresh: () => Response): Response {
  const asked = c.req.header('if-none-match')?.split(',') ?? []
  const same = asked.some((one) => one.trim().replace(/^W\//, '') === tag || one.trim() === '*')
  const answer = same ? c.body(null, 304) : fresh()
  answer.headers.set('etag', tag)
  answer.headers.set('cache-control', 'public, max-age=300')
  return answer
}
