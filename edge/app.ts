import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { timing, wrapTime } from 'hono/timing'
import type { Catalog, Task } from '../shared/catalog.ts'
import { errorResponse, TwohopError } from '../shared/errors.ts'
import { createEntitle, type Entitlement, type Policy } from './access/entitlement.ts'
import { corsFor, requireOrigin } from './access/origins.ts'
import { rateHeaders } from './access/rate-headers.ts'
import { BudgetRefused, createHold, limitsOf } from './budget/hold.ts'
import type { Allowance, Budget } from './budget/port.ts'
import { bearerToken } from './identity/bearer.ts'
import type { VerifyToken } from './identity/principal.ts'
import { createCallHost } from './metering/call.ts'
import { meter } from './metering/meter.ts'
import { jsonBody } from './parse/body.ts'
import type { Work } from './parse/work.ts'
import { parseChat } from './routes/chat.ts'
import { parseCompletion } from './routes/completions.ts'
import { parseEmbedding } from './routes/embeddings.ts'
import { listModels } from './routes/models.ts'
import { parseRerank } from './routes/rerank.ts'
import { hubTask, parseTask } from './routes/tasks.ts'
import { usageAnswer } from './routes/usage.ts'
import type { Host } from './upstream/port.ts'

export type AppOptions = {
  catalog: Catalog
  policy: Policy
  allowedOrigins: ReadonlySet<string>
  bodyLimitBytes: number
  /** Milliseconds that a request may take from reservation to its last byte. */
  requestTimeoutMs: number
  /** Milliseconds after that for the last settlement, before the lease frees itself and the sweep charges the hold. */
  leaseSlackMs: number
  verifyToken: VerifyToken
  budget: Budget
  host: Host
  now: () => number
  newRequestId: () => string
}

type Env = {
  /** Each runtime hands in how work outlives the answer there. */
  Bindings: { background: (task: Promise<unknown>) => void }
  Variables: { requestId: string; allowance?: Allowance }
}
type Parse = (input: unknown, entitlement: Entitlement) => Work

/** The edge: everything that a request goes through, in order, whatever platform it runs on. */
export function createApp(options: AppOptions) {
  const { verifyToken, budget, requestTimeoutMs } = options
  const entitle = createEntitle(options.catalog, options.policy)
  const hold = createHold({ budget, leaseMs: requestTimeoutMs + options.leaseSlackMs })
  const callHost = createCallHost({ host: options.host, now: options.now, requestTimeoutMs })
  const app = new Hono<Env>()

  app.use(async (c, next) => {
    c.set('requestId', options.newRequestId())
    await next()
    c.header('x-request-id', c.var.requestId)
    for (const [name, value] of Object.entries(c.var.allowance ? rateHeaders(c.var.allowance) : {}))
      c.header(name, value)
  })
  app.use(timing({ total: true }))
  app.use(corsFor(options.allowedOrigins))
  app.use(requireOrigin(options.allowedOrigins))
  app.use(bodyLimit({ maxSize: options.bodyLimitBytes, onError: tooLarge(options.bodyLimitBytes) }))

  const authenticate = async (c: Context<Env>) =>
    entitle(await wrapTime(c, 'auth', verifyToken(bearerToken(c.req.raw.headers))))

  /** authenticate; account, entitlement and scope; parse; reserve; call the host; meter; settle. */
  async function infer(c: Context<Env>, task: Task, parse: Parse): Promise<Response> {
    const entitlement = await authenticate(c)
    entitlement.requireScope(task)
    const work = parse(await jsonBody(c), entitlement)
    const held = await wrapTime(c, 'reserve', hold(c.var.requestId, entitlement, work, c.env.background))
    c.set('allowance', held.allowance)
    return wrapTime(c, 'host', callHost(held, c.req.raw.signal, meter))
  }

  app.post('/v1/chat/completions', (c) => infer(c, 'chat', parseChat))
  app.post('/v1/completions', (c) => infer(c, 'completion', parseCompletion))
  app.post('/v1/embeddings', (c) => infer(c, 'embedding', parseEmbedding))
  app.post('/v1/rerank', (c) => infer(c, 'text-ranking', parseRerank))
  app.post('/v1/tasks/:task', (c) => {
    const task = hubTask(c.req.param('task'))
    return infer(c, task, (input, entitlement) => parseTask(task, input, entitlement))
  })
  app.get('/v1/models', async (c) => c.json(listModels(await authenticate(c))))
  app.get('/v1/usage', async (c) => {
    const entitlement = await authenticate(c)
    const report = await wrapTime(c, 'usage', budget.usage(entitlement.account, limitsOf(entitlement.plan)))
    c.set('allowance', report.allowance)
    return c.json(usageAnswer(entitlement, report))
  })
  app.get('/healthz', (c) => c.json({ status: 'ok' }))

  app.notFound((c) => {
    throw new TwohopError('not_found', `There is no ${c.req.method} ${c.req.path} here.`)
  })
  app.onError((error, c) => {
    if (error instanceof BudgetRefused && error.allowance) c.set('allowance', error.allowance)
    return errorResponse(error, c.var.requestId)
  })
  return app
}

function tooLarge(most: number) {
  return (): never => {
    throw new TwohopError('body_too_large', `The body is larger than ${most} bytes.`)
  }
}
