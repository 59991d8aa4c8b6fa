import { Hono } from 'hono'
import { proxy } from 'hono/proxy'

/** The least that a proxy on this platform can do: it passes the request on without any check. */
const app = new Hono<{ Bindings: { HOST_URL: string } }>()
app.all('*', (c) => proxy(`${c.env.HOST_URL}${c.req.path}`, c.req))
export default app
