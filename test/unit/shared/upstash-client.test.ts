import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { upstashClient } from '../../../shared/upstash-client.ts'

it.each(['', '/', '//'])('asks Redis behind a base URL that ends with "%s"', async (end) => {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    response.writeHead(200, { 'content-type': 'application/json' }).end('[{"result":"PONG"}]')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${end}`
  expect(await upstashClient({ url, token: 't', timeoutMs: 2000 }).ping()).toBe('PONG')
  expect(asked).toEqual(['/pipeline'])
})
