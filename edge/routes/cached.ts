import type { Context } from 'hono'

/** An answer that may be kept for a while, or 304 to who has it already (RFC 9110, section 13.1.2). */
export function cached(c: Context, tag: string, fresh: () => Response): Response {
  const asked = c.req.header('if-none-match')?.split(',') ?? []
  const same = asked.some((one) => one.trim().replace(/^W\//, '') === tag || one.trim() === '*')
  const answer = same ? c.body(null, 304) : fresh()
  answer.headers.set('etag', tag)
  answer.headers.set('cache-control', 'public, max-age=300')
  return answer
}
