import { describe, expect, it } from 'vitest'
import { TwohopError } from '../../../shared/errors.ts'
import { readWav, secondsOf } from '../../../shared/wav.ts'
import { tone, type WavOf, wavOf } from '../../fixtures/recordings.ts'

const samples = tone(440, 1.5)

describe('a WAV file', () => {
  it.each<[string, Omit<WavOf, 'samples'>, number]>([
    ['16 bits', {}, 24_000],
    ['8 bits', { bits: 8 }, 24_000],
    ['24 bits, two channels', { bits: 24, channels: 2 }, 12_000],
    ['32 bits at 48 kHz', { bits: 32, rate: 48_000 }, 24_000],
    ['floats', { bits: 32, tag: 3 }, 24_000],
    ['other chunks before the samples, one of odd length', { before: { LIST: 27, 'id3 ': 4 } }, 24_000],
  ])('%s', (_, how, frames) => {
    const wav = readWav(wavOf({ samples, ...how }), 'file')
    expect(wav).toMatchObject({
      frames,
      rate: how.rate ?? 16_000,
      bits: how.bits ?? 16,
      float: how.tag === 3,
    })
  })

  it('sounds as long as the bytes of its samples, and a second that has begun counts', () => {
    const seconds = (length: number) =>
      secondsOf(readWav(wavOf({ samples: new Float32Array(length) }), 'file'))
    expect([1, 16_000, 16_001, 480_000].map(seconds)).toEqual([1, 1, 2, 30])
    // What comes after the samples is not heard, so it is not paid for.
    const short = wavOf({ samples, claims: 32_000 })
    expect(readWav(short, 'file').frames).toBe(16_000)
  })

  it('is found within a larger buffer, as a body is', () => {
    const file = wavOf({ samples })
    const body = new Uint8Array(file.length + 7)
    body.set(file, 7)
    expect(readWav(body.subarray(7), 'file')).toEqual(readWav(file, 'file'))
  })
})

describe('is refused by its field', () => {
  const file = wavOf({ samples })
  const changed = (at: number, ...bytes: number[]) => {
    const copy = file.slice()
    copy.set(bytes, at)
    return copy
  }
  it.each([
    ['nothing', new Uint8Array()],
    ['another file', new TextEncoder().encode('ID3 is how an MP3 begins, and there is no more of it here')],
    ['a truncated file', file.subarray(0, file.length - 1)],
    ['a header alone', file.subarray(0, 44)],
    ['half a header', file.subarray(0, 30)],
    ['a claim of 4 GiB', wavOf({ samples, claims: 0xffff_ffff })],
    ['no samples', wavOf({ samples: [] })],
    ['a chunk of 4 GiB before the samples', changed(16, 0xff, 0xff, 0xff, 0xff)],
    ['samples before the format', changed(12, ...new TextEncoder().encode('data'))],
    ['no channels', changed(22, 0, 0)],
    ['99 channels', changed(22, 99, 0)],
    ['1 sample a second', changed(24, 1, 0, 0, 0)],
    ['no samples a second', changed(24, 0, 0, 0, 0)],
    ['a billion samples a second', changed(24, 0, 0xca, 0x9a, 0x3b)],
    ['12 bits', changed(34, 12, 0)],
    ['A-law', changed(20, 6, 0)],
    ['blocks of another size', changed(32, 7, 0)],
    ['an endless row of chunks', endless()],
  ])('%s', (_, bytes) => {
    expect(() => readWav(bytes, 'file')).toThrow(
      expect.objectContaining<Partial<TwohopError>>({ code: 'invalid_request', param: 'file' }),
    )
    expect(() => readWav(bytes, 'file')).toThrow(TwohopError)
  })
})

/** A header, then chunks of no bytes, then samples that nobody gets to. */
function endless(): Uint8Array {
  return wavOf({
    samples,
    before: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`c${String(i).padStart(3, '0')}`, 0])),
  })
}
