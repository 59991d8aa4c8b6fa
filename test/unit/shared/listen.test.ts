import { expect, it } from 'vitest'
import { CannotListen, listen } from '../../../shared/listen.ts'

const names = { bind: 'EDGE_BIND', port: 'EDGE_PORT' }
const at = { bind: '127.0.0.1', port: 0, failed: () => {} }

it('says by whose variables an address cannot be had', async () => {
  const first = await listen(() => new Response(), at)
  const port = Number(new URL(first.url).port)
  const taken = await listen(() => new Response(), { ...at, port, names }).catch((error: unknown) => error)
  expect(taken).toBeInstanceOf(CannotListen)
  expect(taken).toMatchObject({
    message: expect.stringMatching(/^EDGE_PORT: port \d+ on 127.0.0.1 is taken/),
  })
  await first.close(0)
  await expect(listen(() => new Response(), { ...at, bind: '192.0.2.1', names })).rejects.toThrow(
    'EDGE_BIND: this machine has no such address',
  )
  await expect(listen(() => new Response(), { ...at, bind: '192.0.2.1' })).rejects.toThrow(
    'HOST_BIND: this machine',
  )
})

it('keeps a connection for longer than load balancers do', async () => {
  const server = await listen(() => new Response(), at)
  expect((await fetch(server.url)).headers.get('keep-alive')).toBe('timeout=75')
  await server.close(600_000)
})

it('closes a connection that waits for another request after its answer, long before its grace ends', async () => {
  const asked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  async function serve() {
    asked.resolve()
    await go.promise
    return new Response('whole')
  }
  const server = await listen(serve, at)
  const answer = fetch(server.url)
  await asked.promise
  const closed = server.close(600_000)
  go.resolve()
  expect(await (await answer).text()).toBe('whole')
  await closed
})
