import type { Handler, Hono } from 'hono'
import type { Env } from './env.ts'

/** What answers each route, by its method and path: `GET /v1/models`. */
export type Handlers = Readonly<Record<string, Handler<Env>>>

/** Adds the routes of `names`, in order, and no other; all where no names are given. */
export function addRoutes(
  app: Hono<Env>,
  handlers: Handlers,
  names: readonly string[] = Object.keys(handlers),
): void {
  for (const name of names) {
    const [method = '', path = ''] = name.split(' ')
    const handler = handlers[name]
    if (handler === undefined) throw new TypeError(`nothing answers ${name}`)
    app.on(method, path, handler)
  }
}
