import { Hono } from 'hono'
import { proxy } from 'hono/proxy'
import type { AllowedOrigins } from '../../edge/access/origin-list.ts'
import { doorOf, type SignInEnv } from './door.ts'

/** What a Supabase project has at its one address beside sign-in. */
export type ProjectParts = {
  /** Address of the edge, which is the function `edge` there. */
  edge: string
  /** The ledger behind `/rest/v1`; null where there is none. */
  rest: { url: string; publishableKey: string } | null
}

const FUNCTION = '/functions/v1/edge'

/**
 * Passes on what `supabase-js` asks of a project: `functions.invoke('edge/...')` to the edge, `from(...)` to the ledger. Any
 * key counts as the project's publishable one, which gives no right by itself. Both parts check the user's token themselves.
 * @param parts undefined until they are up
 */
export function projectCalls(
  origins: AllowedOrigins,
  parts: () => ProjectParts | undefined,
): Hono<SignInEnv> {
  const door = doorOf(origins, (status, message) =>
    Response.json({ code: 'not_allowed_here', message }, { status }),
  )
  const [fromHere] = door
  const notYet = (message: string) => Response.json({ code: 'not_up', message }, { status: 503 })
  return (
    new Hono<SignInEnv>()
      // Of pages and bodies the edge has rules of its own.
      .all(`${FUNCTION}/*`, fromHere, async ({ req }) => {
        const edge = parts()?.edge
        if (edge === undefined) return notYet('The edge is not up yet.')
        const answer = await proxy(`${edge}${pathOf(req.url).slice(FUNCTION.length)}`, req.raw)
        // A path of the edge's own, as clients see it from outside.
        const location = answer.headers.get('location')
        if (location?.startsWith('/')) answer.headers.set('location', FUNCTION + location)
        return answer
      })
      .all('/rest/v1/*', ...door, ({ req }) => {
        const ledger = parts()?.rest
        if (!ledger) return notYet('There is no ledger here, or it is not up yet.')
        const headers = new Headers(req.raw.headers)
        // Where nobody is signed in, the client sends its key as a token, too.
        if (headers.get('authorization') === `Bearer ${headers.get('apikey')}`)
          headers.delete('authorization')
        headers.set('apikey', ledger.publishableKey)
        return proxy(`${ledger.url}${pathOf(req.url)}`, new Request(req.raw, { headers }))
      })
  )
}

/** Path and query of an address. */
function pathOf(address: string): string {
  const { pathname, search } = new URL(address)
  return pathname + search
}
