import type { Context } from 'hono'
import { sha256Hex } from '../../shared/hex.ts'
import { cached } from './cached.ts'
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
