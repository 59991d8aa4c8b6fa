import { expect, it } from 'vitest'
import { edgeConfig } from '../../../../edge/runtime/config.ts'
import { HostHeaders, withHostHeaders } from '../../../../edge/upstream/host-headers.ts'
import { EDGE_VARIABLES_SET } from '../../../fixtures/edge-variables.ts'
import { sent as call } from '../../../fixtures/sent.ts'

it('adds them to what the edge sends itself', async () => {
  const sent: Headers[] = []
  const network: typeof fetch = async (_, { headers } = {}) => {
    sent.push(new Headers(headers))
    return new Response()
  }
  const added = { 'CF-Access-Client-Id': 'id.access', 'CF-Access-Client-Secret': 'a-secret' }
  const init = call({ authorization: 'Bearer a.b.c' })
  await withHostHeaders(network, added)('https://host.example/', init)
  expect(Object.fromEntries(sent[0] ?? [])).toEqual({
    authorization: 'Bearer a.b.c',
    'cf-access-client-id': 'id.access',
    'cf-access-client-secret': 'a-secret',
  })
  expect(withHostHeaders(network, undefined)).toBe(network)
})

it.each([
  { Authorization: 'Bearer x' },
  { 'content-type': 'text/plain' },
  { Host: 'elsewhere.example' },
  { 'Transfer-Encoding': 'chunked' },
  { 'two words': 'x' },
  { 'x:y': 'x' },
  { x: 'a\r\nauthorization: Bearer y' },
  { x: '' },
  { x: ' ' },
  { x: 'ü' },
  { x: 7 },
  { '': 'x' },
  Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`x-${index}`, 'x'])),
])('refuses %j', (headers) => {
  expect(HostHeaders.safeParse(headers).success).toBe(false)
})

it('complains of them without a word of what they say', () => {
  const HOST_HEADERS = '{"a-secret as a name":"another-secret"}'
  const read = () => edgeConfig({ ...EDGE_VARIABLES_SET, HOST_HEADERS })
  expect(read).toThrow('HOST_HEADERS: must be at most 10 headers that the edge does not write itself')
  expect(read).not.toThrow(/secret/)
})
