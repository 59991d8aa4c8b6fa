import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { openApiRoute } from '../../../../edge/routes/openapi-route.ts'

it('is JSON, which is given again only where it has changed', async () => {
  const app = new Hono().get('/openapi.json', openApiRoute)
  const first = await app.request('/openapi.json')
  expect(first.headers.get('content-type')).toBe('application/json')
  expect(await first.json()).toMatchObject({ openapi: '3.1.0' })
  const tag = first.headers.get('etag') ?? ''
  const again = await app.request('/openapi.json', { headers: { 'if-none-match': tag } })
  expect([tag.length, again.status]).toEqual([34, 304])
})
