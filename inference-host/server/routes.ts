import type { Hono } from 'hono'
import { codeOf, errorResponse, TwohopError } from '../../shared/errors.ts'
import type { Host, HostEnv } from './call.ts'
import { chat } from './chat.ts'
import { chatTokens } from './chat-tokens.ts'
import { completions } from './completions.ts'
import { embeddings } from './embeddings.ts'
import { logInternal } from './internal.ts'
import { rerank } from './rerank.ts'
import { tasks } from './tasks/tasks.ts'

/** Adds to `app`, which has set the HostEnv, everything that computes, and answers for what is thrown and not found. */
export function addModelRoutes<Env extends HostEnv>(app: Hono<Env>, host: Host): void {
  app.post('/v1/chat/completions', chat(host))
  app.post('/v1/chat/tokens', chatTokens(host))
  app.post('/v1/completions', completions(host))
  app.post('/v1/embeddings', embeddings(host))
  app.post('/v1/rerank', rerank(host))
  app.post('/v1/tasks/:task', tasks(host))

  app.notFound((context) =>
    errorResponse(new TwohopError('not_found', 'Nothing is here.'), context.var.requestId),
  )
  app.onError((error, context) => {
    const id = context.var.requestId
    const code = codeOf(error)
    host.log('refused', { id, method: context.req.method, code })
    if (code === 'internal') logInternal(host.log, id, error)
    return errorResponse(error, id)
  })
}
