import { expect, test } from 'vitest'
import { CHAT, codeOf, createHandApp, DONE } from '../../../fixtures/hand-app.ts'

const ROUTE = 'POST /v1/chat/completions'

/** A host whose one slot and one place to wait are taken, with the work that ends them. */
async function fullHost(over: Parameters<typeof createHandApp>[0] = {}) {
  const host = await createHandApp(over)
  const running = host.send(ROUTE, CHAT, { sub: 'first' })
  const run = await host.arrived()
  const waiting = host.send(ROUTE, CHAT, { sub: 'first' })
  while (host.queues.get(CHAT.model)?.load().waiting !== 1) await new Promise(setImmediate)
  return {
    ...host,
    async end() {
      run.end(DONE)
      ;(await host.arrived(1)).end(DONE)
      await Promise.all([running, waiting])
    },
  }
}

test('a request without a place is refused before its structure is compiled', async () => {
  let compiled = 0
  const host = await fullHost({
    structures: {
      recall: () => undefined,
      compile() {
        compiled++
        return { outcome: new Promise(() => {}), computeMs: () => 0, stop() {} }
      },
    },
  })
  const asked = { ...CHAT, structured_outputs: { choice: ['yes', 'no'] } }
  const busy = { status: 503, code: 'host_busy' }
  expect(await codeOf(host.send(ROUTE, asked, { sub: 'second' }))).toMatchObject(busy)
  expect(compiled).toBe(0)
  await host.end()
})

test('and before its body is read, where its token is one', async () => {
  const host = await fullHost()
  let read = 0
  const body = () =>
    new ReadableStream<Uint8Array>(
      { pull: (controller) => (read++ === 0 ? undefined : controller.close()) },
      { highWaterMark: 0 },
    )
  const post = (authorization: string) =>
    host.app.request(
      new Request('http://host/v1/chat/completions', {
        method: 'POST',
        headers: { authorization },
        body: body(),
        duplex: 'half',
      } as RequestInit),
    )
  const token = `Bearer ${await host.signer.sign(ROUTE, JSON.stringify(CHAT), { sub: 'second' })}`
  expect(await codeOf(await post(token))).toMatchObject({ status: 503, code: 'host_busy' })
  expect(await codeOf(await post('Bearer a.b.c'))).toMatchObject({ status: 401 })
  expect(read).toBe(0)
  await host.end()
})

test('a request for a model that nobody knows is told so once it is read', async () => {
  const host = await fullHost()
  const answer = host.send(ROUTE, { ...CHAT, model: 'nobody' }, { sub: 'second' })
  expect(await codeOf(answer)).toMatchObject({ status: 404, code: 'model_not_found' })
  await host.end()
})
