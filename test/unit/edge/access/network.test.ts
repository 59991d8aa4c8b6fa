import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { networkOf } from '../../../../edge/access/network.ts'

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s is of %s', (address, network) => expect(networkOf(address)).toBe(network))

it('all addresses of a /64 are one network, and no other', async () => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16))
  const half = fc.array(group, { minLength: 4, maxLength: 4 })
  await fc.assert(
    fc.property(half, half, half, half, (a, b, c, d) => {
      expect(networkOf([...a, ...b].join(':'))).toBe(networkOf([...a, ...c].join(':')))
      fc.pre(a.join() !== d.join())
      expect(networkOf([...a, ...b].join(':'))).not.toBe(networkOf([...d, ...b].join(':')))
    }),
  )
})

it('is bounded, whatever the text', async () => {
  await fc.assert(
    fc.property(fc.string(), (text) => {
      expect(networkOf(text).length).toBeLessThanOrEqual(64)
    }),
  )
})
