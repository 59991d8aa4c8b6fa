import { expect, it } from 'vitest'
import { askReady } from '../../../../edge/upstream/ready.ts'
import { answering } from '../../../fixtures/answering.ts'
import { serveOnLoopback } from '../../../fixtures/loopback-server.ts'

it.each([
  [200, true],
  [503, false],
])('a host that answers %i is there; whether it is ready: %s', async (status, ready) => {
  const url = await answering((_, response) =>
    response.writeHead(status, { 'x-host-load': '1/8; draining' }).end('words'),
  )
  const heard: (string | null)[] = []
  expect(await askReady(`${url}/`, fetch, (headers) => heard.push(headers.get('x-host-load')))()).toBe(ready)
  expect(heard).toEqual(['1/8; draining'])
})

it('a redirect is not followed', async () => {
  let paths = ''
  const url = await answering((request, response) => {
    paths += `${request.url} `
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  expect(await askReady(url, fetch)()).toBe(false)
  expect(paths).toBe('/readyz ')
})

it('where nobody answers it is away', async () => {
  const { url, stop } = await serveOnLoopback(() => {})
  await stop()
  await expect(askReady(url, fetch)()).rejects.toMatchObject({ code: 'host_unavailable' })
})
