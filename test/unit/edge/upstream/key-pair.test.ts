import { exportJWK, generateKeyPair } from 'jose'
import { expect, it } from 'vitest'
import { isKeyPair } from '../../../../edge/upstream/key-pair.ts'

it('tells a pair from two halves', async () => {
  const make = async () =>
    exportJWK((await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })).privateKey)
  const [one, other] = [await make(), await make()]
  expect(await isKeyPair({ ...one, kid: 'k1' })).toBe(true)
  expect(await isKeyPair({ ...one, x: other.x ?? '' })).toBe(false)
  const { d: _, ...half } = one
  expect(await isKeyPair(half)).toBe(false)
  expect(await isKeyPair({ ...one, x: 'A'.repeat(43) })).toBe(false)
})
