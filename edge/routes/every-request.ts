import type { MiddlewareHandler } from 'hono'
import type { Catalog } from '../../shared/catalog.ts'
import { latest } from '../../shared/latest.ts'
import type { KeyMemory } from '../access/key-memory.ts'
import { rateHeaders } from '../access/rate-headers.ts'
import { isNobody, isUnknown, type Strangers } from '../access/strangers.ts'
import { bodyLimits } from '../parse/body-limits.ts'
import { createReadBody } from '../parse/read-body.ts'
import { VERSION_HEADER } from '../parse/version.ts'
import { isMessagesPath } from '../write/message-errors.ts'
import type { Env } from './env.ts'
import { createTimings } from './timings.ts'

type Options = {
  catalog: () => Catalog
  strangers: Strangers
  keyMemory: Pick<KeyMemory, 'learn'>
  newRequestId: () => string
  bodyLimitBytes: number
  /** The same for requests with a sound or an image. */
  mediaBodyBytes: number
  jobs: { bodyBytes: number }
  /** Milliseconds that a client may take to send its body. */
  bodyTimeoutMs: number
}

/**
 * What is done around each request, whatever its route: it gets an id, timings and a bounded reader of its body; who is nobody is
 * counted and bounded; and the answer gets the headers that tell what became of it.
 */
export function aroundEveryRequest(options: Options): MiddlewareHandler<Env> {
  const { strangers, keyMemory } = options
  const mostBytes = latest(options.catalog, (catalog) => bodyLimits(catalog, options))
  return async (c, next) => {
    const timings = createTimings(steadyNow, c.get('span'))
    c.set('requestId', options.newRequestId())
    c.set('timings', timings)
    // Nothing of a body is read here: first it is known who asks, and for what, and which catalog holds.
    const bound = {
      get most() {
        return mostBytes().get(c.req.path.replace(/\/$/, '')) ?? options.bodyLimitBytes
      },
      timeoutMs: options.bodyTimeoutMs,
    }
    c.set('readBody', createReadBody(c.req.raw, bound))
    const { address } = c.env
    const nobody = isNobody(c.req)
    if (nobody) strangers.refuse(address)
    await next()
    if (nobody || isUnknown(c.error)) c.env.background(strangers.count(address))
    // Nobody reads it. A stream would wait for its reader.
    if (c.req.method === 'HEAD') await c.res.body?.cancel()
    const key = c.get('key')
    if (key) keyMemory.learn(key, c.env.address, c.error)
    // By `c.header` each header would make the answer anew.
    const { headers } = c.res
    // A repeated answer keeps the request id of the first request.
    if (!headers.has('x-request-id')) headers.set('x-request-id', c.get('requestId'))
    if (isMessagesPath(c.req.path)) headers.set('request-id', headers.get('x-request-id') ?? '')
    const version = c.get('version')
    if (version !== undefined) headers.set(VERSION_HEADER, version)
    const cache = c.get('cache')
    if (cache !== undefined) headers.set('x-cache', cache)
    headers.append('server-timing', timings.header())
    const allowance = c.get('allowance')
    if (allowance)
      for (const [name, value] of Object.entries(rateHeaders(allowance))) headers.set(name, value)
  }
}

/** A clock that runs evenly, in milliseconds. On Workers it stands still while nothing is waited for. */
const steadyNow = () => performance.now()
