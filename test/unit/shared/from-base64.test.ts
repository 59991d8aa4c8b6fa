import { expect, it } from 'vitest'
import { fromBase64, toBase64 } from '../../../shared/from-base64.ts'

it('gives the bytes, all 256 of them, with and without padding', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i)
  const text = Buffer.from(all).toString('base64')
  expect([fromBase64(text), fromBase64(text.replace(/=+$/, ''))]).toEqual([all, all])
  expect(fromBase64('')).toEqual(new Uint8Array())
  expect(() => fromBase64('a')).toThrow()
})

it('is written of as many bytes as there are', () => {
  for (const length of [0, 1, 2, 3, 8191, 8192, 8193, 300_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) % 256)
    expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
  }
})
