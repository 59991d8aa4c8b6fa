import type { Hono } from 'hono'
import type { Env } from './env.ts'

/** The methods that any route has, besides HEAD, which is answered wherever GET is. */
const METHODS = ['GET', 'POST', 'DELETE'] as const

/**
 * The methods that a path takes, for the header `Allow` (RFC 9110, section 10.2.1); none where there is no such path.
 * Every path that is there answers a browser's OPTIONS.
 */
export function methodsAt(router: Hono<Env>['router'], path: string): string[] {
  const own = METHODS.filter((method) =>
    // Middleware is found at every path.
    router.match(method, path)[0].some(([[, route]]) => route.method === method),
  )
  if (own.length === 0) return []
  return [...own, ...(own.includes('GET') ? ['HEAD'] : []), 'OPTIONS']
}
