import { Hono } from 'hono'
import { listen } from '../../shared/listen.ts'
import { closedLoop, type Order } from './closed-loop.ts'

// The load generator as a process of its own, so that it can have its own core. `POST /` takes an order as JSON and
// answers with the result.
process.once('disconnect', () => process.exit(0))

const app = new Hono()
app.post('/', async (context) => {
  try {
    return context.json(await closedLoop(await context.req.json<Order>()))
  } catch (error) {
    return context.text(error instanceof Error ? error.message : String(error), 500)
  }
})

const { url } = await listen(app.fetch, { bind: '127.0.0.1', port: 0, failed: console.error })
process.send?.({ type: 'ready', url })
