import { createHash, createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createApiKeyForm, shownPrefix, withApiKeys } from '../../../../edge/identity/api-key-form.ts'
import { bearerToken } from '../../../../edge/identity/bearer.ts'
import { API_KEY_SECRET, keyForm, random } from '../../../fixtures/api-key-form.ts'

const OLD_SECRET = 'the-secret-before-of-thirty-two-characters'
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const made = await keyForm.make()
const withRandom = (fill: typeof random) => createApiKeyForm({ secrets: [API_KEY_SECRET], random: fill })

/** Six digits of base62. */
function base62(number: bigint): string {
  const digits = Array.from({ length: 6 }, (_, i) => DIGITS[Number((number / 62n ** BigInt(i)) % 62n)])
  return digits.reverse().join('')
}

describe('an API key', () => {
  it('has the form that a scanner looks for: prefix, id, secret and checksum', () => {
    expect(made.key).toMatch(/^twohop_sk_[0-9A-Za-z]{65}$/)
    expect(made.key.startsWith(shownPrefix(made.id))).toBe(true)
    expect(made.id).toHaveLength(16)
  })

  it('is read without a store: the id, and the SHA-256 of the 43 characters after it', async () => {
    const secret = made.key.slice('twohop_sk_'.length + 16, -6)
    const secretHash = createHash('sha256').update(secret).digest('hex')
    expect(await keyForm.parse(made.key)).toEqual({ issuer: 'key', id: made.id, secretHash })
    expect(secretHash).toBe(made.secretHash)
  })

  it('is the same for the same randomness, whatever bytes are dropped', async () => {
    const zeros = await withRandom((bytes) => bytes.fill(0)).make()
    expect(zeros.key.slice(0, -6)).toBe(`twohop_sk_${'0'.repeat(59)}`)
    let calls = 0
    const late = await withRandom((bytes) => bytes.fill(calls++ === 0 ? 248 : 61)).make()
    expect(late.key.slice(0, -6)).toBe(`twohop_sk_${'z'.repeat(59)}`)
    expect(calls).toBe(2)
  })

  it('takes every digit as often as any other', async () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 2000; i++) {
      const { key } = await keyForm.make()
      for (const digit of key.slice(10, -6)) counts.set(digit, (counts.get(digit) ?? 0) + 1)
    }
    const expected = (2000 * 59) / 62
    expect(counts.size).toBe(62)
    // 8 standard deviations: fails once in 10^13 runs, and always for a plain remainder, whose first 8 are 25 % up.
    for (const count of counts.values())
      expect(Math.abs(count - expected)).toBeLessThan(8 * Math.sqrt(expected))
  })

  it('with any one character changed, cut off or added is refused before a store is asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(made.key.length - 1),
        fc.string({ minLength: 1, maxLength: 1 }),
        async (at, by) => {
          fc.pre(made.key[at] !== by)
          const changed = made.key.slice(0, at) + by + made.key.slice(at + 1)
          await expect(keyForm.parse(changed)).rejects.toMatchObject({ code: 'key_invalid' })
        },
      ),
    )
    for (const wrong of [
      made.key.slice(0, -1),
      `${made.key}0`,
      ` ${made.key}`,
      `${made.key}\n`,
      '',
      'twohop_sk_',
    ])
      await expect(keyForm.parse(wrong)).rejects.toMatchObject({ code: 'key_invalid' })
  })

  it('is not repeated by the error that refuses it', async () => {
    const wrong = `${made.key.slice(0, -1)}${made.key.endsWith('0') ? '1' : '0'}`
    const error = await keyForm.parse(wrong).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'key_invalid' })
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain(
      made.key.slice(10, 40),
    )
  })

  it('comes in the same header as a token, and goes to no verifier of tokens', async () => {
    const authenticate = withApiKeys(async (token) => {
      throw new Error(`verified ${token}`)
    }, keyForm)
    const headers = new Headers({ authorization: `Bearer ${made.key}` })
    expect(await authenticate(bearerToken(headers))).toEqual({
      issuer: 'key',
      id: made.id,
      secretHash: made.secretHash,
    })
    await expect(authenticate('twohop_x')).rejects.toMatchObject({ code: 'key_invalid' })
    await expect(authenticate('a.b.c')).rejects.toThrow('verified a.b.c')
  })
})

describe('the checksum', () => {
  const body = `twohop_sk_${'a'.repeat(16)}${'b'.repeat(43)}`

  it("is made with the edge's secret: 64 bits of HMAC-SHA-256, its last 6 digits in base62", async () => {
    const sum = createHmac('sha256', API_KEY_SECRET).update(body).digest().readBigUInt64BE()
    const key = `${body}${base62(sum % 62n ** 6n)}`
    expect(await keyForm.parse(key)).toMatchObject({ id: 'a'.repeat(16) })
    const remade = createHmac('sha256', API_KEY_SECRET).update(made.key.slice(0, -6)).digest()
    expect(made.key.slice(-6)).toBe(base62(remade.readBigUInt64BE() % 62n ** 6n))
  })

  it('of CRC-32, which everybody can compute, or of any other secret is refused', async () => {
    const other = createApiKeyForm({ secrets: [OLD_SECRET], random })
    for (const key of [`${body}${base62(BigInt(crc32(body)))}`, (await other.make()).key])
      await expect(keyForm.parse(key)).rejects.toMatchObject({ code: 'key_invalid' })
  })

  it('goes on with the secret before, until that is taken away; the newest makes keys', async () => {
    const before = createApiKeyForm({ secrets: [OLD_SECRET], random })
    const both = createApiKeyForm({ secrets: [API_KEY_SECRET, OLD_SECRET], random })
    const [old, young] = [await before.make(), await both.make()]
    for (const { key, id } of [old, young, made]) expect(await both.parse(key)).toMatchObject({ id })
    expect(await keyForm.parse(young.key)).toMatchObject({ id: young.id })
    await expect(before.parse(young.key)).rejects.toMatchObject({ code: 'key_invalid' })
    await expect(keyForm.parse(old.key)).rejects.toMatchObject({ code: 'key_invalid' })
  })

  it('is guessed by none of a thousand made-up keys of the right form', async () => {
    const guesses = Array.from({ length: 1000 }, async () => {
      const guess =
        (await withRandom(random).make()).key.slice(0, -6) +
        base62(BigInt(Math.floor(Math.random() * 62 ** 6)))
      return keyForm.parse(guess).then(
        () => 1,
        () => 0,
      )
    })
    expect((await Promise.all(guesses)).reduce((sum: number, one) => sum + one, 0)).toBe(0)
  })
})
