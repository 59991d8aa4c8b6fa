import type { Context } from 'hono'
import { sha256Hex } from '../../shared/hex.ts'
import { cached } from './cached.ts'
import document from './openapi.json' with { type: 'json' }

/**
 * Made for the first who asks, so that no isolate starts later for it. It is kept as a value, never as a promise: on workerd
 * one that another request has made may never settle.
 */
let made: { text: string; tag: string } | undefined

/**
 * `GET /openapi.json`: the API as edge/openapi/document.ts makes it of the table of routes. It is the same of every edge,
 * and says nothing of how this one is configured.
 */
export async function openApiRoute(c: Context): Promise<Response> {
  made ??= await make()
  const { text, tag } = made
  return cached(c, tag, () => c.body(text, 200, { 'content-type': 'application/json' }))
}

async function make(): Promise<{ text: string; tag: string }> {
  const text = JSON.stringify(document)
  return { text, tag: `"${(await sha256Hex(text)).slice(0, 32)}"` }
}
