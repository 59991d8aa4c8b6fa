import { expect, it } from 'vitest'
import { wasNeverSent } from '../../../../edge/upstream/connect-failure.ts'
import { answering } from '../../../fixtures/answering.ts'
import { serveOnLoopback } from '../../../fixtures/loopback-server.ts'

/** What a call to this address rejects with on this runtime. */
const failureOf = (url: string) =>
  fetch(url, { method: 'POST', body: '{}' }).then(
    () => expect.fail('answered'),
    (error: unknown) => error,
  )

it('a connection that was refused sent nothing, nor did a name that there is not', async () => {
  const { url, stop } = await serveOnLoopback(() => {})
  await stop()
  expect(wasNeverSent(await failureOf(url))).toBe(true)
  expect(wasNeverSent(await failureOf('http://no-such-name.invalid'))).toBe(true)
})

it('a connection that broke after the request may have', async () => {
  const url = await answering((request) => void request.socket.destroy())
  expect(wasNeverSent(await failureOf(url))).toBe(false)
})

it.each([
  [
    'Node',
    new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
    true,
  ],
  [
    'Node, for each address of a name',
    new TypeError('fetch failed', {
      cause: new AggregateError([
        Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
        Object.assign(new Error('x'), { code: 'ENETUNREACH' }),
      ]),
    }),
    true,
  ],
  [
    'Node, one of whose addresses broke later',
    new TypeError('fetch failed', {
      cause: new AggregateError([
        Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
        Object.assign(new Error('x'), { code: 'ECONNRESET' }),
      ]),
    }),
    false,
  ],
  [
    'Deno',
    new TypeError('fetch failed', {
      cause: new Error(
        'error sending request for url (http://x/): client error (Connect): tcp connect error',
      ),
    }),
    true,
  ],
  [
    'Deno, later',
    new TypeError('fetch failed', {
      cause: new Error('error sending request: client error (SendRequest): closed'),
    }),
    false,
  ],
  ['workerd, where it cannot be told', new Error('Network connection lost.'), false],
  ['nothing', undefined, false],
])('words of %s', (_, error, never) => {
  expect(wasNeverSent(error)).toBe(never)
})
