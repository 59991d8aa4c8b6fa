import { createHash } from 'node:crypto'
import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeApiKey, parseApiKey, shownPrefix, withApiKeys } from '../../../../edge/identity/api-key.ts'
import { bearerToken } from '../../../../edge/identity/bearer.ts'
import { crc32 } from '../../../../edge/identity/crc32.ts'
import { anyText } from '../../../fixtures/any-text.ts'

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)
const made = await makeApiKey(random)

describe('an API key', () => {
  it('has the form that a scanner looks for: prefix, id, secret and checksum', () => {
    expect(made.key).toMatch(/^twohop_sk_[0-9A-Za-z]{65}$/)
    expect(made.key.startsWith(shownPrefix(made.id))).toBe(true)
    expect(made.id).toHaveLength(16)
  })

  it('is read without a store: the id, and the SHA-256 of the 43 characters after it', async () => {
    const secret = made.key.slice('twohop_sk_'.length + 16, -6)
    const secretHash = createHash('sha256').update(secret).digest('hex')
    expect(await parseApiKey(made.key)).toEqual({ issuer: 'key', id: made.id, secretHash })
    expect(secretHash).toBe(made.secretHash)
  })

  it('is the same for the same randomness, whatever bytes are dropped', async () => {
    const zeros = await makeApiKey((bytes) => bytes.fill(0))
    expect(zeros.key.slice(0, -6)).toBe(`twohop_sk_${'0'.repeat(59)}`)
    let calls = 0
    const late = await makeApiKey((bytes) => bytes.fill(calls++ === 0 ? 248 : 61))
    expect(late.key.slice(0, -6)).toBe(`twohop_sk_${'z'.repeat(59)}`)
    expect(calls).toBe(2)
  })

  it('takes every digit as often as any other', async () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 2000; i++) {
      const { key } = await makeApiKey(random)
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
          await expect(parseApiKey(changed)).rejects.toMatchObject({ code: 'key_invalid' })
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
      await expect(parseApiKey(wrong)).rejects.toMatchObject({ code: 'key_invalid' })
  })

  it('is not repeated by the error that refuses it', async () => {
    const wrong = `${made.key.slice(0, -1)}${made.key.endsWith('0') ? '1' : '0'}`
    const error = await parseApiKey(wrong).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'key_invalid' })
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain(
      made.key.slice(10, 40),
    )
  })

  it('comes in the same header as a token, and goes to no verifier of tokens', async () => {
    const authenticate = withApiKeys(async (token) => {
      throw new Error(`verified ${token}`)
    })
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
  it('is CRC-32 as others compute it', () => {
    expect(crc32('123456789')).toBe(0xcbf43926)
    fc.assert(fc.property(anyText, (text) => crc32(text) === zlibCrc32(text)))
  })
})
