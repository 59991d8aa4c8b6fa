import { Hono } from 'hono'
import { errorResponse, TwohopError } from '../../shared/errors.ts'
import type { Admit } from '../admission/admit.ts'
import type { Authenticate } from '../admission/authenticate.ts'
import type { ReplayGuard } from '../admission/replay.ts'
import type { Log } from '../log.ts'
import { createMayRead } from '../metrics/may-read.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { metricsRoute } from '../metrics/route.ts'
import type { Requests } from '../scheduler/requests.ts'
import type { StructureCompiler } from '../structure/compiler.ts'
import type { HostEnv } from './call.ts'
import { cancel } from './cancel.ts'
import { chat } from './chat.ts'
import { completions } from './completions.ts'
import { embeddings } from './embeddings.ts'
import { rerank } from './rerank.ts'
import { tasks } from './tasks/tasks.ts'

type Options = {
  authenticate: Authenticate
  admit: Admit
  compile: StructureCompiler['compile']
  requests: Requests
  replays: ReplayGuard
  /** False before the warm-up is done and while draining. */
  ready: () => boolean
  /** What is wrong with a host that serves all the same, in one line; undefined where nothing is. */
  trouble?: () => string | undefined
  /** The largest body, in bytes. */
  bodyBytes: number
  metrics: Pick<Metrics, 'text' | 'contentType'>
  log: Log
}

/** The host's HTTP surface. Nothing but `/livez` and `/readyz` is answered without a valid service token. */
export function createApp({
  authenticate,
  admit,
  compile,
  requests,
  replays,
  ready,
  trouble = () => undefined,
  bodyBytes,
  metrics,
  log,
}: Options) {
  const host = { admit, compile, bodyBytes, log }
  const app = new Hono<HostEnv>()

  app.get('/livez', (context) => context.text('ok'))
  app.get('/readyz', (context) => {
    const why = ready() ? trouble() : 'The host is starting or about to stop.'
    if (why === undefined) return context.text('ok')
    const error = new TwohopError('host_not_ready', why)
    return errorResponse(error, crypto.randomUUID())
  })

  app.get('/metrics', metricsRoute({ metrics, mayRead: createMayRead(authenticate) }))

  app.use(async (context, next) => {
    const route = `${context.req.method} ${context.req.path}`
    context.set('requestId', crypto.randomUUID())
    const claims = await authenticate(context.req.header('authorization'), route)
    context.set('claims', claims)
    context.set('requestId', claims.jti)
    await next()
  })

  app.post('/v1/chat/completions', chat(host))
  app.post('/v1/completions', completions(host))
  app.post('/v1/embeddings', embeddings(host))
  app.post('/v1/rerank', rerank(host))
  app.post('/v1/tasks/:task', tasks(host))
  app.delete('/v1/requests/:id', cancel({ requests, replays }))

  app.notFound((context) =>
    errorResponse(new TwohopError('not_found', 'Nothing is here.'), context.var.requestId),
  )
  app.onError((error, context) => {
    const id = context.var.requestId
    const code = error instanceof TwohopError ? error.code : 'internal'
    log('refused', { id, method: context.req.method, code })
    if (code === 'internal') log('internal_error', { id, error: error.name })
    return errorResponse(error, id)
  })
  return app
}
