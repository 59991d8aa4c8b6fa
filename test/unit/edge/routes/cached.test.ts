import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { cached } from '../../../../edge/routes/cached.ts'

const app = new Hono().get('/', (c) => cached(c, '"a"', () => c.text('fresh')))

it.each([
  ['"a"', 304],
  ['W/"a"', 304],
  ['"b", "a"', 304],
  ['*', 304],
  ['"b"', 200],
  ['a', 200],
])('who has %s gets %i', async (known, status) => {
  const answer = await app.request('/', { headers: { 'if-none-match': known } })
  expect([answer.status, await answer.text()]).toEqual([status, status === 200 ? 'fresh' : ''])
  expect(answer.headers.get('etag')).toBe('"a"')
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
})
