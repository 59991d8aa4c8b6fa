import { supabaseJsRest } from '../ledger/supabase-js.ts'
import { logOfProcess } from '../log/of-process.ts'
import { createSupabaseJsAdmin } from '../sync/supabase-js-admin.ts'
import { createBackground } from './background.ts'
import { readBundledDocument } from './bundled-document.ts'
import { makeEdge } from './make-edge.ts'
import { createUnconfigured, NotConfigured } from './not-configured.ts'
import { tracerOf } from './otlp.ts'
import { readVariables, type Variables } from './read-variables.ts'
import { createScheduledRoute } from './scheduled-route.ts'
import { fromSupabase, SUPABASE_VARIABLES } from './supabase-variables.ts'

/** What Supabase's Edge Runtime has beside Deno's own. */
type EdgeGlobals = { EdgeRuntime?: { waitUntil(task: Promise<unknown>): void } }

/**
 * Supabase Edge Functions: the edge as the function `name`. Supabase calls it with that name at the beginning of the
 * path. `POST /<name>/scheduled` does the scheduled work, for pg_cron (supabase/schedule.sql).
 * @param environment of the function: secrets, and what the platform says of its project
 * @returns answers a request, for `Deno.serve`
 */
export function createSupabaseFunction(name: string, environment: Variables) {
  const write = (line: string) => console.log(line)
  const { EdgeRuntime } = globalThis as EdgeGlobals
  const background = EdgeRuntime
    ? (task: Promise<unknown>) => EdgeRuntime.waitUntil(task)
    : createBackground().add
  const { values, complaints } = readVariables(SUPABASE_VARIABLES, environment)
  const edge =
    complaints.length > 0
      ? createUnconfigured(new NotConfigured(complaints), write)
      : makeEdge(fromSupabase(environment), write, {
          keepsNames: 'SUPABASE_',
          apiDocument: readBundledDocument,
          restOf: supabaseJsRest,
          supabaseAdminOf: createSupabaseJsAdmin,
          tracer: tracerOf(values, write, true),
        })
  const scheduledRoute = createScheduledRoute({
    secret: values.SCHEDULE_SECRET,
    scheduled: edge.scheduled,
    newRequestId: () => crypto.randomUUID(),
    log: logOfProcess(write),
  })
  const base = `/${name}`

  /** A path of the edge's own in an answer, as clients see it from outside. */
  function fromOutside(answer: Response): Response {
    const location = answer.headers.get('location')
    if (location?.startsWith('/')) answer.headers.set('location', `/functions/v1${base}${location}`)
    return answer
  }

  return async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname === base || url.pathname.startsWith(`${base}/`))
      url.pathname = url.pathname.slice(base.length)
    if (url.pathname === '/scheduled') return scheduledRoute(request)
    const answered = await edge.app.fetch(new Request(url, request), {
      background,
      // Cloudflare, which stands before Supabase, sets it, whatever the client sent.
      address: request.headers.get('cf-connecting-ip') ?? undefined,
    })
    return fromOutside(answered)
  }
}
