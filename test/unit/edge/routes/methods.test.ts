import { Hono } from 'hono'
import { expect, it } from 'vitest'
import type { Env } from '../../../../edge/routes/env.ts'
import { methodsAt } from '../../../../edge/routes/methods.ts'

const app = new Hono<Env>()
app.use(async (_, next) => next())
app.get('/read', (c) => c.text(''))
app.post('/things', (c) => c.text(''))
app.get('/things', (c) => c.text(''))
app.delete('/things/:id{.+}', (c) => c.text(''))

it.each([
  ['/read', 'GET HEAD OPTIONS'],
  ['/things', 'GET POST HEAD OPTIONS'],
  ['/things/a/b', 'DELETE OPTIONS'],
  ['/', ''],
  ['/reading', ''],
])('%s takes %s, whatever stands before every route', (path, methods) => {
  expect(methodsAt(app.router, path).join(' ')).toBe(methods)
})
