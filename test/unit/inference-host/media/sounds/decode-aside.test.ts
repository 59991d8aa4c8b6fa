import { describe, expect, it } from 'vitest'
import { RATE } from '../../../../../inference-host/media/rate.ts'
import { readRecording } from '../../../../../inference-host/media/samples.ts'
import { decodeAside } from '../../../../../inference-host/media/sounds/decode-aside.ts'
import { opusPackets } from '../../../../../shared/sounds/opus.ts'
import { readSound } from '../../../../../shared/sounds/sound.ts'
import {
  brokenAtItsEnd,
  changed,
  oggOf,
  opusHeaders,
  type SoundFile,
  soundFile,
} from '../../../../fixtures/sounds.ts'

const decoded = (file: Uint8Array) => readRecording(file).decode(() => false)

/** How loud a tone is between two moments, from 0 to 1. */
function loudness(samples: Float32Array, hertz: number, from: number, to: number): number {
  let [sine, cosine] = [0, 0]
  const part = samples.subarray(from * RATE, to * RATE)
  for (const [i, sample] of part.entries()) {
    sine += sample * Math.sin((2 * Math.PI * hertz * i) / RATE)
    cosine += sample * Math.cos((2 * Math.PI * hertz * i) / RATE)
  }
  return (2 * Math.hypot(sine, cosine)) / part.length
}

describe('what is heard of', () => {
  it.each<[SoundFile, number]>([
    ['tones.flac', 0.4],
    ['tones.mp3', 0.4],
    ['tones.opus', 0.4],
    ['tones.webm', 0.4],
    // Made of one channel: each of the two has half of its power.
    ['tones-live.webm', 0.4 / Math.SQRT2],
    ['tones-variable.mp3', 0.4 / Math.SQRT2],
  ])('%s', async (name, loud) => {
    const heard = await decoded(soundFile(name))
    expect(heard?.duration).toBeCloseTo(1.25, 2)
    expect(heard?.seconds).toBe(2)
    const at = (hertz: number, from: number) =>
      Math.abs(loudness(heard?.samples ?? new Float32Array(), hertz, from, from + 0.4) / loud)
    expect(at(440, 0.1)).toBeGreaterThan(0.9)
    expect(at(660, 0.7)).toBeGreaterThan(0.9)
    expect(at(660, 0.1)).toBeLessThan(0.02)
    expect(at(440, 0.7)).toBeLessThan(0.02)
  })
})

describe('is refused', () => {
  const flac = soundFile('tones.flac')
  const opus = soundFile('tones.opus')
  it.each<[string, Uint8Array]>([
    ['a FLAC file that holds more than it says', changed(flac, 24, 0x3e, 0x80)],
    ['a FLAC file of another rate than it says', changed(flac, 18, 0x02, 0xee)],
    ['a FLAC file of nothing but a header', flac.subarray(0, 200)],
    ['a frame that Opus cannot read', oggOf([...opusHeaders(), Uint8Array.of(0x0b, 0x82, 0xff)], 960 * 2)],
  ])('%s', async (_, file) => {
    await expect(decoded(file)).rejects.toMatchObject({ code: 'invalid_request', param: 'file' })
  })

  it('what takes too long', async () => {
    const sound = readSound(opus, 'file')
    if (sound.kind === 'wav') throw new Error('no WAV file was read')
    const decoding = decodeAside(
      { file: opus, sound },
      () => false,
      () => {},
      -499,
    )
    await expect(decoding).rejects.toMatchObject({ message: expect.stringContaining('too long') })
  })
})

it('a FLAC file in which frames seem to begin everywhere is no more work than another', async () => {
  // Each with the right checksum of its header, and none with that of its content: 10 s of looking for ends.
  const beginning = [0xff, 0xf8, 0x15, 0x08, 0, 0x40, 0x11, 0x22]
  const head = changed(soundFile('tones.flac'), 4, 0x80).subarray(0, 42)
  const file = Uint8Array.from([...head, ...Array<number[]>(16_384).fill(beginning).flat()])
  const sound = readSound(file, 'file')
  if (sound.kind === 'wav') throw new Error('no WAV file was read')
  const decoding = decodeAside(
    { file, sound },
    () => false,
    () => {},
    6000,
  )
  await expect(decoding).rejects.toMatchObject({ message: 'a FLAC file that is broken' })
})

it.each([
  ['that breaks at its end', brokenAtItsEnd(), 6],
  ['of nothing but a header', soundFile('tones.flac').subarray(0, 200), 0],
])('the seconds that were decoded are told of a file %s', async (_, file, seconds) => {
  const told: number[] = []
  await expect(
    readRecording(file).decode(
      () => false,
      (one) => told.push(one),
    ),
  ).rejects.toThrow()
  expect(told).toEqual([seconds])
})

it('ends when nobody waits any more', async () => {
  expect(await readRecording(soundFile('tones.mp3')).decode(() => true)).toBeUndefined()
})

it('is left in the middle, and tells what was decoded until then', async () => {
  const packets = [...opusPackets(soundFile('tones.opus')).packets].map(({ data }) => data)
  const all = Array.from({ length: 1000 }, () => packets).flat()
  const { seconds, decode } = readRecording(oggOf([...opusHeaders(), ...all], 960 * all.length))
  let told = 0
  // Nobody knows when its thread has started: it is left after half as many looks again each time, until something was decoded.
  for (let most = 1; told === 0; most = Math.ceil(1.5 * most)) {
    let looks = 0
    const stopped = () => ++looks > most
    expect(await decode(stopped, (so) => (told = so))).toBeUndefined()
  }
  expect(told).toBeLessThan(seconds)
})
