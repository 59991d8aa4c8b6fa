import { expect, it } from 'vitest'
import { clientAddress } from '../../../../edge/runtime/forwarded.ts'

it.each([
  ['whoever connects, where there is no proxy', '6.6.6.6', 0, '10.0.0.1'],
  ['whom the one proxy heard from', '203.0.113.7', 1, '203.0.113.7'],
  ['that also behind what the client made up', '6.6.6.6, 203.0.113.7', 1, '203.0.113.7'],
  ['whom the first of two heard from', '6.6.6.6, 203.0.113.7, 10.0.0.9', 2, '203.0.113.7'],
  ['whoever connects, where a proxy was left out', '203.0.113.7', 2, '10.0.0.1'],
  ['whoever connects, where none appended', null, 1, '10.0.0.1'],
  ['whoever connects, where it is empty', '6.6.6.6, ', 1, '10.0.0.1'],
])('is %s', (_, forwardedFor, proxies, address) => {
  expect(clientAddress(forwardedFor, '10.0.0.1', proxies)).toBe(address)
})
