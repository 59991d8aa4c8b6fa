import { describe, expect, it } from 'vitest'
import { createResampler } from '../../../../inference-host/media/resample.ts'

/** The whole at once. */
function resample(samples: Float32Array, from: number): Float32Array {
  const { push, end } = createResampler(from, 16_000)
  return Float32Array.from([...push(samples), ...end()])
}
const sine = (hertz: number, rate: number, seconds = 0.5) =>
  Float32Array.from({ length: rate * seconds }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate))
/** The largest difference between two sounds, their first and last 10 ms left out. */
function difference(a: Float32Array, b: Float32Array): number {
  let most = 0
  for (let i = 160; i < a.length - 160; i++) most = Math.max(most, Math.abs((a[i] ?? 0) - (b[i] ?? 0)))
  return most
}

describe('a sound at another rate', () => {
  it.each([8000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000, 44_101])('from %i', (rate) => {
    const heard = resample(sine(440, rate), rate)
    expect(heard.length).toBe(8000)
    expect(difference(heard, sine(440, 16_000))).toBeLessThan(0.01)
  })

  it('has none of the tones that it cannot say', () => {
    const gone = resample(sine(12_000, 48_000), 48_000)
    expect(difference(gone, new Float32Array(8000))).toBeLessThan(0.01)
  })

  it('of one sample is one', () => {
    expect(resample(new Float32Array([0.5]), 48_000)).toHaveLength(1)
  })
})

it('a sound that comes in parts becomes the same as at once', () => {
  for (const [from, length] of [
    [48_000, 5000],
    [44_100, 3000],
    [8000, 700],
    [22_050, 10],
  ] as const) {
    const samples = sine(440, from).subarray(0, length)
    const { push, end } = createResampler(from, 16_000)
    const parts: number[] = []
    for (let at = 0, size = 1; at < length; at += size, size = (size * 7) % 331)
      parts.push(...push(samples.subarray(at, Math.min(length, at + size))))
    parts.push(...end())
    expect(parts).toEqual([...resample(samples, from)])
  }
})
