import { Hono } from 'hono'
import { errorResponse, TwohopError } from '../../shared/errors.ts'
import type { BodyBound } from '../../shared/read-bounded.ts'
import type { Admit } from '../admission/admit.ts'
import { type Authenticate, once } from '../admission/authenticate.ts'
import type { RefuseBusy } from '../admission/busy.ts'
import type { ReplayGuard } from '../admission/replay.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Log } from '../platform/log.ts'
import type { Requests } from '../scheduler/requests.ts'
import type { Host, HostEnv } from './call.ts'
import { cancel } from './cancel.ts'
import type { SayLoad } from './load-header.ts'
import { createMayRead } from './may-read.ts'
import { metricsRoute } from './metrics.ts'
import { addModelRoutes } from './routes.ts'
import { usage } from './usage.ts'
import { wake } from './wake.ts'

type Options = {
  authenticate: Authenticate
  admit: Admit
  /** Asked before a body is read. */
  refuseBusy: RefuseBusy
  /** Says in each answer how busy the host is. */
  sayLoad: SayLoad
  structures: Host['structures']
  requests: Requests
  replays: ReplayGuard
  /** False before the warm-up is done and while draining. */
  ready: () => boolean
  /** What is wrong with a host that serves all the same, in one line; undefined where nothing is. */
  trouble?: () => string | undefined
  /** Has the host look for jobs now; none where it takes no jobs. */
  lookForJobs?: (() => void) | undefined
  /** How much of a body is read, and for how long. */
  body: BodyBound
  /** The most bytes of a body with a file. */
  mediaBytes?: Host['mediaBytes']
  metrics: Pick<Metrics, 'text' | 'contentType'>
  log: Log
  /** Traces what is admitted. */
  tracer?: Host['tracer']
}

/** The host's HTTP surface. Nothing but `/livez` and `/readyz` is answered without a valid service token. */
export function createApp({
  authenticate,
  admit,
  refuseBusy,
  sayLoad,
  structures,
  requests,
  replays,
  ready,
  trouble = () => undefined,
  lookForJobs,
  body,
  mediaBytes,
  metrics,
  log,
  tracer,
}: Options) {
  const app = new Hono<HostEnv>()
  const authenticateOnce = once(authenticate, replays)

  app.get('/livez', (context) => context.text('ok'))
  app.get('/readyz', (context) => {
    const why = ready() ? trouble() : 'The host is starting or about to stop.'
    if (why === undefined) return context.text('ok')
    const error = new TwohopError('host_not_ready', why)
    const answer = errorResponse(error, crypto.randomUUID())
    sayLoad(answer.headers, undefined)
    return answer
  })

  app.get('/metrics', metricsRoute({ metrics, mayRead: createMayRead(authenticateOnce) }))

  app.use(async (context, next) => {
    const route = `${context.req.method} ${context.req.path}`
    context.set('requestId', crypto.randomUUID())
    if (tracer) context.set('sinceMs', Date.now())
    const claims = await authenticateOnce(context.req.header('authorization'), route)
    context.set('claims', claims)
    if (tracer) context.set('traceparent', context.req.header('traceparent'))
    context.set('requestId', claims.jti)
    context.set('admit', (asked) => admit(claims, asked))
    await next()
    sayLoad(context.res.headers, claims.model)
  })

  addModelRoutes(app, { structures, body, mediaBytes, log, refuseBusy, tracer })
  app.delete('/v1/requests/:id', cancel({ requests }))
  app.post('/v1/requests/usage', usage({ requests, body }))
  if (lookForJobs !== undefined) app.post('/v1/jobs/wake', wake({ look: lookForJobs }))
  return app
}
