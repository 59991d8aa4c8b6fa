import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { addRoutes } from '../../../../edge/routes/add-routes.ts'
import type { Env } from '../../../../edge/routes/env.ts'

const handlers = {
  'GET /a/:id': (c: { req: { path: string } }) => new Response(c.req.path),
  'POST /b': () => new Response('b'),
}

it('adds the routes that are named, and no other', async () => {
  const app = new Hono<Env>()
  addRoutes(app, handlers, ['GET /a/:id'])
  expect(await (await app.request('/a/1')).text()).toBe('/a/1')
  expect((await app.request('/b', { method: 'POST' })).status).toBe(404)
})

it('adds none that nothing answers', () => {
  expect(() => addRoutes(new Hono<Env>(), handlers, ['GET /c'])).toThrow('nothing answers GET /c')
})
