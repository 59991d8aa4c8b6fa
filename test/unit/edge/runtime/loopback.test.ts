import { expect, it } from 'vitest'
import { isLocalRequest, isLoopback } from '../../../../edge/runtime/loopback.ts'

it.each(['127.0.0.1', '127.8.9.1', '::1', '[::1]', '::ffff:127.0.0.1'])(
  '%s is this machine alone',
  (address) => {
    expect(isLoopback(address)).toBe(true)
  },
)

it.each([
  ...[
    '0.0.0.0',
    '::',
    '',
    '192.168.0.2',
    '10.0.0.1',
    'localhost',
    '127.0.0.1.evil.example',
    'x127.0.0.1',
    '128.0.0.1',
  ],
  ...['::ffff:10.0.0.1', '127.1', '2130706433', '127.0.0.1\n0.0.0.0'],
])('%j is not, or nobody can say so', (address) => {
  expect(isLoopback(address)).toBe(false)
})

const request = (url: string, headers = {}) => new Request(url, { headers })
it.each(['http://127.0.0.1:8787/', 'http://localhost:8787/v1/models', 'http://[::1]:8787/'])(
  '%s is asked locally',
  (url) => {
    expect(isLocalRequest(request(url), '127.0.0.1', '1.1')).toBe(true)
  },
)

it.each<[string, Request, string | undefined]>([
  ['by another machine', request('http://127.0.0.1/'), '10.0.0.7'],
  ['by nobody knows whom', request('http://127.0.0.1/'), undefined],
  ['by a page whose name leads here', request('http://rebound.evil.example:8787/'), '127.0.0.1'],
  ['through a tunnel with a name', request('https://abc.trycloudflare.example/'), '127.0.0.1'],
  [
    'through one that rewrites it',
    request('http://localhost:8787/', { 'x-forwarded-host': 'abc.example' }),
    '127.0.0.1',
  ],
  ['through a proxy', request('http://localhost:8787/', { 'X-Forwarded-For': '203.0.113.7' }), '127.0.0.1'],
  [
    'through Cloudflare',
    request('http://localhost:8787/', { 'CF-Connecting-IP': '203.0.113.7' }),
    '127.0.0.1',
  ],
  ['as RFC 7239 says it', request('http://localhost:8787/', { Forwarded: 'for=203.0.113.7' }), '127.0.0.1'],
  ['through what says its name', request('http://localhost:8787/', { Via: '1.1 vegur' }), '127.0.0.1'],
])('a request %s is not', (_, asked, connected) => {
  expect(isLocalRequest(asked, connected, '1.1')).toBe(false)
})

it('a request by HTTP/1.0 is not: nginx asks so when it is told nothing, in the name of this machine', () => {
  expect(isLocalRequest(request('http://127.0.0.1:8787/'), '127.0.0.1', '1.0')).toBe(false)
})
