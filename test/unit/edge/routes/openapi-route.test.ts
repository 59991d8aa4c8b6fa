import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { openApiRoute } from '../../../../edge/routes/openapi-route.ts'

const app = new Hono().get('/openapi.json', openApiRoute)
const ask = (headers = {}) => app.request('/openapi.json', { headers })

it('is given once, and after that only where it has changed', async () => {
  const first = await ask()
  const tag = first.headers.get('etag') ?? ''
  expect(first.headers.get('content-type')).toBe('application/json')
  expect(first.headers.get('cache-control')).toBe('public, max-age=300')
  expect(await first.json()).toMatchObject({ openapi: '3.1.0' })
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
    const again = await ask({ 'if-none-match': known })
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])
  }
  expect((await ask({ 'if-none-match': '"other"' })).status).toBe(200)
})
