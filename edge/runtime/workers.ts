import type { R2Bucket } from '../jobs/r2-results.ts'
import type { Pipe } from '../metering/pass.ts'
import { ASSETS, dashboardFrom, documentFrom } from './assets.ts'
import { HOST_SERVICE, type Service, throughService } from './host-service.ts'
import { JOB_RESULTS_BUCKET } from './large-results.ts'
import { makeEdge } from './make-edge.ts'
import { limiterOf, type RateLimit, STRANGERS } from './rate-limit.ts'
import type { Variables } from './read-variables.ts'
import { type WorkersTracing, workersTracer } from './workers-tracing.ts'

/**
 * Variables and secrets, and what wrangler.toml binds: static files, an R2 bucket for results of jobs, a private
 * path to the host, a count of strangers.
 */
type Bindings = Variables & {
  [JOB_RESULTS_BUCKET]?: R2Bucket
  [HOST_SERVICE]?: Service
  [ASSETS]?: Service
  [STRANGERS]?: RateLimit
}
type Context = { waitUntil(task: Promise<unknown>): void; tracing?: WorkersTracing }

let edge: ReturnType<typeof makeEdge> | undefined

/**
 * Workers' own pair of streams, whose bytes the runtime moves by itself
 * (developers.cloudflare.com/workers/runtime-apis/streams/transformstream).
 */
declare const IdentityTransformStream: new () => Pipe

/** One edge for each isolate: its variables do not change while it lives. */
function edgeOf(env: Bindings, { tracing }: Context) {
  edge ??= makeEdge(env, (line) => console.log(line), {
    resultsBucket: env[JOB_RESULTS_BUCKET],
    dashboardFile: dashboardFrom(env[ASSETS]),
    apiDocument: documentFrom(env[ASSETS]),
    hostFetch: throughService(env[HOST_SERVICE]),
    strangers: limiterOf(env[STRANGERS]),
    ownTracer: tracing && workersTracer(tracing),
    createPipe: () => new IdentityTransformStream(),
  })
  return edge
}

/**
 * Cloudflare Workers: variables and secrets from wrangler.toml and `wrangler secret put`; jobs, sweep, drain by cron.
 */
export default {
  fetch(
    request: Request & { cf?: { country?: string } },
    env: Bindings,
    context: Context,
  ): Response | Promise<Response> {
    return edgeOf(env, context).app.fetch(request, {
      background: (task) => context.waitUntil(task),
      // Cloudflare sets it, whatever the client sent (developers.cloudflare.com/fundamentals/reference/http-headers).
      address: request.headers.get('cf-connecting-ip') ?? undefined,
      country: request.cf?.country,
    })
  },
  scheduled(_event: unknown, env: Bindings, context: Context): void {
    context.waitUntil(edgeOf(env, context).scheduled())
  },
}
