import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { createSeal } from '../../../../edge/idempotency/seal.ts'

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes)
async function newKey() {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  return exportJWK(privateKey)
}
const privateKey = await newKey()
const { seal, open } = createSeal({ privateKey, random })

describe('a sealed text', () => {
  it.each([
    ['empty', ''],
    ['short', 'The answer is 42.'],
    ['of many languages', 'Grüße 😀 你好 \u0000 \ud83d\ude00'],
    ['long', 'data: {"choices":[]}\n\n'.repeat(50_000)],
  ])('opens again: %s', async (_, text) => {
    expect(await open('id', await seal('id', text))).toBe(text)
  })

  it('shows nothing of itself and is never the same twice', async () => {
    const text = 'a secret that repeats itself, a secret that repeats itself'
    const [one, other] = [await seal('id', text), await seal('id', text)]
    expect(one).toMatch(/^[\w-]+$/)
    expect(one).not.toBe(other)
    expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('secret')
  })

  it('is packed', async () => {
    expect((await seal('id', 'data: {"choices":[]}\n\n'.repeat(10_000))).length).toBeLessThan(3_000)
  })

  it('opens under its own id only', async () => {
    expect(await open('other', await seal('id', 'text'))).toBeUndefined()
  })

  it('opens with the key that sealed it only', async () => {
    const rotated = createSeal({ privateKey: await newKey(), random })
    expect(await rotated.open('id', await seal('id', 'text'))).toBeUndefined()
    expect(await createSeal({ privateKey, random }).open('id', await seal('id', 'text'))).toBe('text')
  })

  it.each([0, 11, 12, 30, -1])('does not open with its byte %i changed', async (at) => {
    const bytes = Buffer.from(await seal('id', 'a text of some length'), 'base64url')
    const index = at < 0 ? bytes.length + at : at
    bytes[index] = (bytes[index] ?? 0) ^ 1
    expect(await open('id', bytes.toString('base64url'))).toBeUndefined()
  })

  it.each(['', 'gone', 'A', 'not base64url!', 'AAAAAAAAAAAAAAAA'])('is none: %j', async (text) => {
    expect(await open('id', text)).toBeUndefined()
  })

  it('needs a private key', () => {
    const { d: _, ...publicKey } = privateKey
    expect(() => createSeal({ privateKey: publicKey, random })).toThrow(TypeError)
  })
})
