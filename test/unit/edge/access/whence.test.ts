import { expect, it } from 'vitest'
import { createWhence } from '../../../../edge/access/whence.ts'
import { createAccountTag, NETWORK } from '../../../../edge/log/account-tag.ts'

const SECRET = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'

it('tells addresses of one network apart from others, without an address', async () => {
  const whenceOf = createWhence(createAccountTag(SECRET, NETWORK))
  const [one, same, other] = await Promise.all(
    ['2001:db8::1', '2001:db8::2', '192.0.2.1'].map((address) => whenceOf({ address, country: 'DE' })),
  )
  expect(one).toEqual(same)
  expect(one?.network).toMatch(/^[0-9a-f]{16}$/)
  expect(other?.network).not.toBe(one?.network)
  // Not the tag by which the log knows an account of that name.
  expect(other?.network).not.toBe(await createAccountTag(SECRET)('192.0.2.1'))
})

it('says nothing where the platform does not', async () => {
  const whenceOf = createWhence(async () => expect.fail('there is no address'))
  expect(await whenceOf(undefined)).toEqual({ country: undefined, network: undefined })
})
