import { describe, expect, it } from 'vitest'
import { mp3Pieces } from '../../../../shared/sounds/mp3.ts'
import { MOST_SECONDS, readSound } from '../../../../shared/sounds/sound.ts'
import { refusal } from '../../../fixtures/entitled.ts'
import { tone, wavOf } from '../../../fixtures/recordings.ts'
import { changed, oggOf, opusHeaders, placeOf, type SoundFile, soundFile } from '../../../fixtures/sounds.ts'

const lengthOf = (bytes: Uint8Array) => {
  const { frames, rate } = readSound(bytes, 'file')
  return frames / rate
}
const silence = Uint8Array.of(0x08, 0xff, 0xfe) // 20 ms of SILK, one frame.
const seconds = (count: number) => Array<Uint8Array>(50 * count).fill(silence)
const [mp3, flac, opus, webm] = (['tones.mp3', 'tones.flac', 'tones.opus', 'tones.webm'] as const).map(
  soundFile,
)
if (!(mp3 && flac && opus && webm)) throw new Error('a file is missing')

describe('how long a recording sounds', () => {
  it.each<[SoundFile, string, number, number]>([
    ['tones.flac', 'flac', 1.25, 1.25],
    ['tones.opus', 'opus', 1.25, 1.25],
    // Packets of 20 ms, and no word of where the last one ends.
    ['tones.webm', 'opus', 1.25, 1.27],
    // As browsers write it: no length of anything that is not there yet.
    ['tones-live.webm', 'opus', 1.25, 1.27],
    // With what the encoder added, which is known only to whoever decodes it.
    ['tones.mp3', 'mp3', 1.25, 1.34],
    ['tones-variable.mp3', 'mp3', 1.25, 1.34],
  ])('%s', (name, kind, least, most) => {
    const file = soundFile(name)
    expect(readSound(file, 'file').kind).toBe(kind)
    expect(lengthOf(file)).toBeGreaterThanOrEqual(least)
    expect(lengthOf(file)).toBeLessThanOrEqual(most)
    const body = new Uint8Array(file.length + 5)
    body.set(file, 5)
    expect(readSound(body.subarray(5), 'file')).toEqual(readSound(file, 'file'))
  })

  it('a WAV file', () => {
    const file = wavOf({ samples: tone(440, 1.5) })
    expect(readSound(file, 'file')).toMatchObject({ kind: 'wav', frames: 24_000, rate: 16_000 })
  })

  it('by what is there, not by what is said', () => {
    // The number of pieces that an MP3 names.
    expect(lengthOf(changed(mp3, placeOf(mp3, 'Info') + 8, 0, 0xff, 0xff, 0xff))).toBe(lengthOf(mp3))
    const long = [...opusHeaders(), ...seconds(3)]
    expect(lengthOf(oggOf(long, 48_000))).toBe(1)
    expect(lengthOf(oggOf(long, 48_000 * 3600))).toBe(3)
    expect(lengthOf(oggOf([...opusHeaders({ skip: 24_000 }), ...seconds(3)], 48_000 * 3))).toBe(2.5)
  })

  it('a file that breaks off, as far as it goes', () => {
    const half = (file: Uint8Array) => file.subarray(0, file.length / 2)
    for (const file of [mp3, webm]) {
      expect(lengthOf(half(file))).toBeGreaterThan(0.4)
      expect(lengthOf(half(file))).toBeLessThan(0.9)
    }
  })

  it('a packet of several pages, and a stream beside it', () => {
    const large = new Uint8Array(65_025 + 300).fill(7)
    const tags = Uint8Array.from(Buffer.concat([Buffer.from('OpusTags'), large]))
    const [head = new Uint8Array()] = opusHeaders()
    const [first = new Uint8Array()] = [tags.subarray(0, 65_025)]
    const page = oggOf([first], 0)
    // 255 lengths of 255: the packet goes on in the next page.
    const going = Buffer.concat([page.subarray(0, 27 + 255), first])
    going[26] = 255
    const other = changed(oggOf([silence], 9), 14, 9)
    const rest = oggOf([tags.subarray(65_025), ...seconds(1)], 48_000)
    expect(lengthOf(Uint8Array.from(Buffer.concat([oggOf([head], 0), going, other, rest])))).toBe(1)
  })

  it('an MP3 with titles before, letters after, and rubbish within', () => {
    const [one, ...others] = [...mp3Pieces(mp3)].map(({ data }) => data)
    const rubbish = Buffer.from('\xff\xfbTAG'.repeat(20), 'latin1')
    const mixed = Buffer.concat([one ?? new Uint8Array(), rubbish, ...others, rubbish])
    expect(lengthOf(Uint8Array.from(mixed))).toBe(lengthOf(mp3))
  })
})

it('as quickly whatever lies between the pieces of an MP3', () => {
  const [piece = new Uint8Array()] = [...mp3Pieces(mp3)].map(({ data }) => data)
  const ms = (letter: string) => {
    const file = new Uint8Array(piece.length + 2 ** 21).fill(letter.charCodeAt(0))
    file.set(piece)
    const took = Array.from({ length: 6 }, () => {
      // This thread's own time: how long it waits for a core says nothing.
      const began = process.threadCpuUsage()
      expect(readSound(file, 'file').frames).toBe(576)
      const { user, system } = process.threadCpuUsage(began)
      return (user + system) / 1000
    })
    return Math.min(...took)
  }
  // Titles begin with it. Each would be looked at: 2 million of them.
  expect(ms('I') / ms('A')).toBeLessThan(10)
})

describe('is refused by its field', () => {
  const at = placeOf(webm, 'A_OPUS')
  it.each<[string, Uint8Array, string]>([
    ['an MP4', soundFile('tones-short.m4a'), 'unsupported_audio'],
    ['another file', new TextEncoder().encode('%PDF-1.7 and so on'), 'unsupported_audio'],
    ['nothing', new Uint8Array(), 'unsupported_audio'],
    ['AAC', Uint8Array.of(0xff, 0xf1, 0x50, 0x80, 0, 0, 0, 0), 'unsupported_audio'],
    ['Vorbis in Ogg', oggOf([Buffer.from('\x01vorbis\0\0\0\0\x01\x44\xac\0\0')], 9), 'unsupported_audio'],
    ['Vorbis in WebM', changed(webm, at, ...Buffer.from('A_VORB')), 'unsupported_audio'],
    ['six channels', oggOf([...opusHeaders({ channels: 6, family: 1 }), silence], 9), 'unsupported_audio'],
    ['a block of several packets', laced(webm), 'unsupported_audio'],
    ['an MP3 of titles alone', mp3.subarray(0, 45), 'invalid_request'],
    ['an Ogg file of headers alone', oggOf(opusHeaders(), 0), 'invalid_request'],
    ['an Ogg file whose pages are none', changed(opus, placeOf(opus, 'OpusTags') - 28, 0), 'invalid_request'],
    ['a packet of nothing', oggOf([...opusHeaders(), new Uint8Array()], 960), 'invalid_request'],
    [
      'a packet of more than 120 ms',
      oggOf([...opusHeaders(), Uint8Array.of(0x1b, 63)], 9),
      'invalid_request',
    ],
    ['more skipped than there is', oggOf([...opusHeaders({ skip: 9999 }), silence], 960), 'invalid_request'],
    ['a FLAC file of no known length', changed(flac, 21, 0, 0, 0, 0, 0), 'invalid_request'],
    ['a FLAC file of a day', changed(flac, 22, 0x52, 0x65, 0xc0, 0), 'invalid_request'],
    ['half a header of FLAC', flac.subarray(0, 30), 'invalid_request'],
    [
      'a WebM file whose elements are none',
      changed(webm, placeOf(webm, '\x18\x53\x80\x67') + 12, 0, 0),
      'invalid_request',
    ],
  ])('%s', (_, bytes, code) => {
    expect(refusal(() => readSound(bytes, 'file'))).toEqual([code, 'file'])
  })

  it('an hour and more in few bytes, without reading on', () => {
    // 120 ms in two bytes: the rest of the file is not looked at.
    const packets = Array<Uint8Array>(MOST_SECONDS / 0.12 + 20).fill(Uint8Array.of(0x1b, 2))
    const file = oggOf([...opusHeaders(), ...packets, new Uint8Array()], 48_000 * MOST_SECONDS * 2)
    expect(refusal(() => readSound(file, 'file'))).toEqual(['invalid_request', 'file'])
  })
})

/** The file, its first block saying that several packets share it. */
function laced(file: Uint8Array): Uint8Array {
  const block = Buffer.from(file).indexOf(Buffer.of(0xa3), placeOf(file, '\x1f\x43\xb6\x75'))
  // An id of one byte, a size of one or more, a track, two bytes of time.
  const size = Math.clz32(file[block + 1] ?? 0) - 23
  return changed(file, block + 1 + size + 3, 0x86)
}
