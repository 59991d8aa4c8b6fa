import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { codeOf } from '../../shared/errors.ts'
import { ATTRIBUTE } from '../../shared/tracing/names.ts'
import type { Tracer } from '../../shared/tracing/port.ts'
import { parseTraceparent, type TraceParent } from '../../shared/tracing/traceparent.ts'
import type { ApiKeyForm } from '../identity/api-key-form.ts'
import { bearerOrKey } from '../identity/bearer.ts'
import type { Env } from './env.ts'

/**
 * Whose `traceparent` the edge continues: nobody's, that of whoever presents an API key of this edge's, or everybody's. Who is
 * believed decides which traces are kept, and whose they are.
 */
export const TRACE_CALLERS = ['nobody', 'keys', 'everybody'] as const
export type TraceCallers = (typeof TRACE_CALLERS)[number]

type Options = {
  /** Undefined, once it is there, where tracing could not be begun. */
  tracer: Tracer | Promise<Tracer | undefined>
  callers: TraceCallers
  keyForm: Pick<ApiKeyForm, 'parse'>
}

/**
 * Gives each request its span, which ends when the request is settled. A client hears of its trace only what it has sent
 * itself: the request id, which is in the answer, is noted of the span.
 */
export function traceRequests({ tracer: made, callers, keyForm }: Options): MiddlewareHandler<Env> {
  /** The caller's own span, if the caller is believed. */
  async function parentOf(headers: Headers): Promise<TraceParent | undefined> {
    if (callers === 'nobody') return undefined
    const parent = parseTraceparent(headers.get('traceparent'))
    if (!parent || callers === 'everybody') return parent
    try {
      await keyForm.parse(bearerOrKey(headers))
      return parent
    } catch {
      // Whoever authenticates the request says what is wrong with it.
      return undefined
    }
  }

  return async function traceRequest(c, next) {
    const tracer = await made
    if (!tracer) return next()
    const { method } = c.req
    const known = METHODS.has(method)
    const span = tracer.begin(known ? method : 'HTTP', await parentOf(c.req.raw.headers))
    c.set('span', span)
    await span.run(next)

    const route = routeOf(c)
    if (route !== undefined) {
      span.rename(`${method} ${route}`)
      span.set(ATTRIBUTE.route, route)
    }
    span.set(ATTRIBUTE.method, known ? method : '_OTHER')
    const { status } = c.res
    span.set(ATTRIBUTE.status, status)
    span.set(ATTRIBUTE.requestId, c.get('requestId'))
    if (c.error) {
      // Whoever has gone hears no error.
      const code = c.req.raw.signal.aborted ? 'cancelled' : codeOf(c.error)
      // Of a server's span a refusal is no failure (opentelemetry.io/docs/specs/semconv/http/http-spans, "Status").
      if (status >= 500 && code !== 'cancelled') span.fail(code)
      else span.set(ATTRIBUTE.error, code)
    }
    async function end(): Promise<void> {
      await c.get('settled')
      span.end()
      await tracer?.flush?.()
    }
    c.env.background(end())
  }
}

/** Any other is a text of the caller's (opentelemetry.io/docs/specs/semconv/http/http-spans, "http.request.method"). */
const METHODS: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'])

/** The route that answers, as it is written in the table of routes: a path may hold ids. Undefined where there is none. */
function routeOf(c: Context<Env>): string | undefined {
  const route = routePath(c, -1)
  return route.endsWith('*') ? undefined : route
}
