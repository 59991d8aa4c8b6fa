import type { Pipe } from '../metering/pass.ts'
import { createEdge } from './edge.ts'
import { createUnconfigured, NotConfigured } from './not-configured.ts'
import type { Variables } from './read-variables.ts'

type Context = { waitUntil(task: Promise<unknown>): void }

let edge: ReturnType<typeof makeEdge> | undefined

/** Workers' own pair of streams, whose bytes the runtime moves by itself (developers.cloudflare.com/workers/runtime-apis/streams/transformstream). */
declare const IdentityTransformStream: new () => Pipe

const write = (line: string) => console.log(line)

/** One edge for each isolate: its variables do not change while it lives. */
function edgeOf(env: Variables) {
  edge ??= makeEdge(env)
  return edge
}

function makeEdge(env: Variables) {
  try {
    return createEdge(env, write, () => new IdentityTransformStream())
  } catch (error) {
    if (error instanceof NotConfigured) return createUnconfigured(error, write)
    throw error
  }
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
