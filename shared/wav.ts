import { readable, Unreadable } from './unreadable.ts'

/** Where the samples of a WAV file lie, and what they are. */
export type Wav = {
  /** Whether samples are IEEE floats; else integers, which are unsigned where they have 8 bits. */
  float: boolean
  bits: (typeof BITS)[number]
  channels: number
  /** Samples a second of each channel. */
  rate: number
  /** The first byte of the samples. */
  start: number
  /** Samples of each channel. */
  frames: number
}

/** Chunks that are passed over on the way to the samples: files have some five. */
const MOST_CHUNKS = 64
export const MOST_CHANNELS = 8
export const BITS = [8, 16, 24, 32] as const
export const [LEAST_RATE, MOST_RATE] = [8000, 192_000]
/** `wFormatTag` of the format chunk (RFC 2361). */
const [PCM, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe]

/**
 * Reads the header of a WAV file (RIFF, IBM and Microsoft 1991): integers of 8, 16, 24 or 32 bits or floats of 32. What
 * it says of lengths is believed only as far as the bytes are there, so that the seconds of a file are known from it.
 * @param field the field of the request that the file is from
 * @throws TwohopError invalid_request
 */
export function readWav(bytes: Uint8Array, field: string): Wav {
  return readable(field, 'a WAV file', () => parse(bytes))
}

function parse(bytes: Uint8Array): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const name = (begin: number) => String.fromCharCode(...bytes.subarray(begin, begin + 4))
  if (bytes.length < 12 || name(0) !== 'RIFF' || name(8) !== 'WAVE') throw new Unreadable('no WAV file')
  let format: Omit<Wav, 'start' | 'frames'> | undefined
  let at = 12
  for (let chunk = 0; chunk < MOST_CHUNKS && at + 8 <= bytes.length; chunk++) {
    const size = view.getUint32(at + 4, true)
    const start = at + 8
    if (start + size > bytes.length) throw new Unreadable('a WAV file whose end is missing')
    if (name(at) === 'fmt ') format = readFormat(view, start, size)
    if (name(at) === 'data') return samples(format, start, size)
    // Chunks begin at even bytes.
    at = start + size + (size % 2)
  }
  throw new Unreadable('a WAV file without samples')
}

function readFormat(view: DataView, at: number, size: number): Omit<Wav, 'start' | 'frames'> {
  if (size < 16) throw new Unreadable('a WAV file with half a header')
  const named = view.getUint16(at, true)
  // The first two bytes of the sub-format are what would be named otherwise.
  const tag = named === EXTENSIBLE && size >= 40 ? view.getUint16(at + 24, true) : named
  const channels = view.getUint16(at + 2, true)
  const rate = view.getUint32(at + 4, true)
  const bits = BITS.find((known) => known === view.getUint16(at + 14, true))
  if (bits === undefined || !(tag === PCM || (tag === FLOAT && bits === 32)))
    throw new Unreadable('a WAV file of other samples than integers of 8, 16, 24, 32 bits or floats of 32')
  if (channels < 1 || channels > MOST_CHANNELS)
    throw new Unreadable(`a WAV file of ${channels} channels, which may be 1 to ${MOST_CHANNELS}`)
  if (rate < LEAST_RATE || rate > MOST_RATE)
    throw new Unreadable(`a WAV file of ${rate} samples a second, which may be ${LEAST_RATE} to ${MOST_RATE}`)
  if (view.getUint16(at + 12, true) !== (channels * bits) / 8)
    throw new Unreadable('a WAV file whose header contradicts itself')
  return { float: tag === FLOAT, bits, channels, rate }
}

function samples(format: Omit<Wav, 'start' | 'frames'> | undefined, start: number, size: number): Wav {
  if (format === undefined) throw new Unreadable('a WAV file whose samples come before what they are')
  const frames = Math.floor((size * 8) / (format.channels * format.bits))
  if (frames < 1) throw new Unreadable('a WAV file without samples')
  return { ...format, start, frames }
}

/** How long a file sounds, in whole seconds: one that has begun counts. */
export function secondsOf({ frames, rate }: Pick<Wav, 'frames' | 'rate'>): number {
  return Math.ceil(frames / rate)
}
