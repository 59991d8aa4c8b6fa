import type { Context, Handler } from 'hono'
import { TwohopError } from '../../shared/errors.ts'
import { sha256Hex } from '../../shared/hex.ts'
import { cached } from './cached.ts'
import type { Env } from './env.ts'

/** Reads the OpenAPI document as JSON text; undefined where it was not deployed. */
export type ApiDocument = () => Promise<string | undefined>

/**
 * `GET /openapi.json`: the API as edge/openapi/document.ts makes it of the table of routes. It is the same of every edge,
 * and says nothing of how this one is configured.
 * @param read asked for the first who wants it, so that no isolate starts later for it
 */
export function openApiRoute(read: ApiDocument): Handler<Env> {
  /** A value, never a promise: on workerd one that another request has made may never settle. */
  let made: { text: string; tag: string } | undefined

  return async (c: Context) => {
    made ??= await make(read)
    const { text, tag } = made
    return cached(c, tag, () => c.body(text, 200, { 'content-type': 'application/json' }))
  }
}

async function make(read: ApiDocument): Promise<{ text: string; tag: string }> {
  const text = await read()
  if (text === undefined)
    throw new TwohopError(
      'not_found',
      'The document was not deployed here: it is one of the static files, which wrangler.toml names under [assets].',
    )
  return { text, tag: `"${(await sha256Hex(text)).slice(0, 32)}"` }
}
