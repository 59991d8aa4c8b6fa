import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createUndiciFetch } from '../../../../edge/runtime/undici-fetch.ts'
import type { Sent } from '../../../../shared/fetch.ts'

const fetch = createUndiciFetch()
const UNTIMED = { method: 'POST', headers: { 'x-own': 'a' }, redirect: 'manual' } as const
const POST = { ...UNTIMED, timeoutMs: 60_000 } as const
let answer: (request: IncomingMessage, response: ServerResponse) => void
let asked = 0
const server = createServer((request, response) => {
  asked++
  answer(request, response)
})
let url: string

beforeEach(async () => {
  asked = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/at/a?b=c`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const thrown = (task: Promise<unknown>) => task.catch((error: unknown) => error)

it('sends what it is given, and says what was answered', async () => {
  answer = async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    const said = [request.method, request.url, request.headers['x-own'], body]
    response.writeHead(201, { 'X-Said': 'ä'.normalize('NFC'), 'retry-after': '7' }).end(JSON.stringify(said))
  }
  for (const body of ['ü', new TextEncoder().encode('ü')]) {
    const answered = await fetch(url, { ...POST, body })
    const { status, ok, headers } = answered
    expect([status, ok, headers.get('Retry-After'), headers.has('x-said'), headers.get('x-no')]).toEqual([
      ...[201, true, '7', true, null],
    ])
    expect(JSON.parse(await answered.text())).toEqual(['POST', '/at/a?b=c', 'a', 'ü'])
  }
  const twice = await fetch(url, POST)
  await twice.text()
  expect(await thrown(twice.text())).toBeInstanceOf(TypeError)
  const empty = await fetch(url, { ...POST, method: 'DELETE' })
  expect(JSON.parse(new TextDecoder().decode(await empty.arrayBuffer()))).toEqual([
    'DELETE',
    '/at/a?b=c',
    'a',
    '',
  ])
})

it('follows nobody elsewhere', async () => {
  answer = (_, response) => response.writeHead(308, { location: '/elsewhere' }).end()
  const { status, ok } = await fetch(url, POST)
  expect([status, ok, asked]).toEqual([308, false, 1])
})

it('gives up after its time, and lets go of the connection', async () => {
  const left = Promise.withResolvers<void>()
  let hasArrived = false
  answer = (request) => {
    hasArrived = true
    request.once('close', left.resolve)
  }
  // On a busy machine the first may be given up before it has reached anybody.
  for (let timeoutMs = 50; !hasArrived; timeoutMs *= 2)
    expect(await thrown(fetch(url, { ...POST, timeoutMs }))).toMatchObject({ name: 'TimeoutError' })
  await left.promise
})

it('ends what has begun to come, too', async () => {
  const left = Promise.withResolvers<void>()
  answer = (_, response) => {
    response.once('close', left.resolve)
    response.write('begun')
  }
  const aborted = new AbortController()
  const { body } = await fetch(url, { ...UNTIMED, signal: aborted.signal })
  const reader = body?.getReader()
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('begun')
  aborted.abort(new Error('the client left'))
  expect(await thrown(Promise.resolve(reader?.read()))).toMatchObject({ message: 'the client left' })
  await left.promise
})

it('sends nothing of what was given up before', async () => {
  const why = new Error('given up')
  const sent: Sent = { ...UNTIMED, signal: AbortSignal.abort(why) }
  expect(await thrown(fetch(url, sent))).toBe(why)
  answer = (_, response) => response.end('whole')
  expect(await (await fetch(url, POST)).text()).toBe('whole')
  expect(asked).toBe(1)
})

it('holds a sender back whose reader is slow, and loses nothing', async () => {
  const piece = Buffer.alloc(64 * 1024, 'x')
  const pieces = 250
  let written = 0
  const stood = Promise.withResolvers<void>()
  answer = async (_, response) => {
    for (let i = 0; i < pieces; i++) {
      written++
      if (response.write(piece)) continue
      // Nobody takes it: the sockets are full, and what is read ahead is bounded.
      const full = setTimeout(stood.resolve, 200)
      await once(response, 'drain')
      clearTimeout(full)
    }
    response.end()
  }
  const { body } = await fetch(url, POST)
  const reader = body?.getReader()
  let length = (await reader?.read())?.value?.length ?? 0
  await stood.promise
  expect(written).toBeLessThan(pieces)
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done) break
    length += value.length
  }
  expect(length).toBe(pieces * piece.length)
})

it('lets go of what its reader gives up', async () => {
  const left = Promise.withResolvers<void>()
  answer = (_, response) => {
    response.once('close', left.resolve)
    response.write('begun')
  }
  const { body } = await fetch(url, POST)
  await body?.cancel()
  await left.promise
})

it('says of an answer that breaks off that it did, however it is read', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('begun', () => response.destroy())
  }
  const whole = await fetch(url, POST)
  expect(await thrown(whole.arrayBuffer())).toBeInstanceOf(Error)
  const { body } = await fetch(url, POST)
  const pieces = async () => {
    for await (const _ of body ?? []);
  }
  expect(await thrown(pieces())).toBeInstanceOf(Error)
})

it('fails where nobody listens', async () => {
  expect(await thrown(fetch('http://127.0.0.1:1/', POST))).toMatchObject({
    cause: { code: 'ECONNREFUSED' },
  })
})
