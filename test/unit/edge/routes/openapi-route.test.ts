import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { openApiRoute } from '../../../../edge/routes/openapi-route.ts'
import { TwohopError } from '../../../../shared/errors.ts'

it('is JSON, which is read once and given again only where it has changed', async () => {
  let reads = 0
  const read = async () => {
    reads += 1
    return '{"openapi":"3.1.0"}'
  }
  const app = new Hono().get('/openapi.json', openApiRoute(read))
  const first = await app.request('/openapi.json')
  expect(first.headers.get('content-type')).toBe('application/json')
  expect(await first.json()).toEqual({ openapi: '3.1.0' })
  const tag = first.headers.get('etag') ?? ''
  const again = await app.request('/openapi.json', { headers: { 'if-none-match': tag } })
  expect([tag.length, again.status, reads]).toEqual([34, 304, 1])
})

it('is a 404 that says what was left out where the file was not deployed, and is looked for again', async () => {
  const files: (string | undefined)[] = [undefined, '{}']
  const app = new Hono().get(
    '/openapi.json',
    openApiRoute(async () => files.shift()),
  )
  let code = ''
  app.onError((error, c) => {
    code = error instanceof TwohopError ? `${error.code}: ${error.message}` : 'another'
    return c.body(null, 404)
  })
  await app.request('/openapi.json')
  expect(code).toMatch(/^not_found: .*\[assets\]/)
  expect((await app.request('/openapi.json')).status).toBe(200)
})
