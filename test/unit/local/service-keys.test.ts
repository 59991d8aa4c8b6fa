import { calculateJwkThumbprint } from 'jose'
import { expect, test } from 'vitest'
import { serviceKeys } from '../../../local/service-keys.ts'

test('each key is named by its thumbprint, so that two of one day stand side by side at the host', async () => {
  const [first, second] = [await serviceKeys(), await serviceKeys()]
  const names = [first, second].map(({ privateKey, publicKeys }) => {
    expect(publicKeys.keys[0]?.kid).toBe(privateKey.kid)
    return privateKey.kid
  })
  expect(new Set(names).size).toBe(2)
  expect(names[0]).toBe(
    await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x: first.privateKey.x ?? '' }),
  )
})
