import { makeEdge } from './make-edge.ts'
import type { Variables } from './read-variables.ts'

type Context = { waitUntil(task: Promise<unknown>): void }

let edge: ReturnType<typeof makeEdge> | undefined

/** One edge for each isolate: its variables do not change while it lives. */
function edgeOf(env: Variables) {
  edge ??= makeEdge(env, (line) => console.log(line))
  return edge
}

/**
 * Cloudflare Workers: variables and secrets from wrangler.toml and `wrangler secret put`; jobs, sweep, drain by cron.
 */
export default {
  fetch(request: Request, env: Variables, context: Context): Response | Promise<Response> {
    return edgeOf(env).app.fetch(request, {
      background: (task) => context.waitUntil(task),
      // Cloudflare sets it, whatever the client sent (developers.cloudflare.com/fundamentals/reference/http-headers).
      address: request.headers.get('cf-connecting-ip') ?? undefined,
    })
  },
  scheduled(_event: unknown, env: Variables, context: Context): void {
    context.waitUntil(edgeOf(env).scheduled())
  },
}
