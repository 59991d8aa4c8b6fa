import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { listen } from '../../../shared/listen.ts'

/** What a server says to these lines, and how its app answers where they reach it. */
async function said(head: string, thrown: unknown = new Error('a-canary')) {
  const told: [error: unknown, requestId: string][] = []
  const server = await listen(
    () => {
      throw thrown
    },
    { bind: '127.0.0.1', port: 0, failed: (...failure) => void told.push(failure) },
  )
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.end(`${head}\r\nConnection: close\r\n\r\n`)
  let text = ''
  socket.on('data', (piece) => {
    text += piece
  })
  await once(socket, 'close')
  await server.close(0)
  const json = /\{.*\}/.exec(text)?.[0] ?? 'null'
  return { status: Number(text.slice(9, 12)), body: JSON.parse(json) as unknown, text, told }
}

const BAD_HOST = 'GET /v1/models HTTP/1.1\r\nHost: a b'
const BAD_PATH = 'GET /v1\\models HTTP/1.1\r\nHost: x'

it.each([BAD_HOST, BAD_PATH])('what cannot be read is refused with a code: %j', async (head) => {
  expect(await said(head)).toMatchObject({
    told: [],
    status: 400,
    body: { error: { code: 'invalid_request', request_id: expect.stringMatching(/^[\w-]{36}$/) } },
  })
})

it.each([new Error('a-canary'), 'a-canary', null])(
  'an app that throws says nothing of why to who asks, and all of it to the log: %s',
  async (thrown) => {
    const { status, body, text, told } = await said('GET / HTTP/1.1\r\nHost: x', thrown)
    const [[error, requestId] = []] = told
    expect({ status, body }).toMatchObject({
      status: 500,
      body: { error: { code: 'internal', request_id: requestId } },
    })
    expect(text).not.toContain('canary')
    expect([told.length, error]).toEqual([1, thrown])
    expect(requestId).toMatch(/^[\w-]{36}$/)
  },
)
