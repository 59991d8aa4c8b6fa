import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTimedFetch } from '../../../shared/timed-fetch.ts'

const server = createServer((request, response) => {
  if (request.url === '/away') response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()
  // Any other request is never answered.
})
let url: string
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

it('gives up in time, or when it is told to', async () => {
  await expect(createTimedFetch(fetch, 20)(url)).rejects.toMatchObject({ name: 'TimeoutError' })
  const signal = AbortSignal.abort(new RangeError('told'))
  await expect(createTimedFetch(fetch, 600_000)(url, { signal })).rejects.toThrow('told')
})

it('follows nobody elsewhere', async () => {
  expect((await createTimedFetch(fetch, 5000)(`${url}/away`)).status).toBe(302)
})
