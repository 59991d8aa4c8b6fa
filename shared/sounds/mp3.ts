import { Unreadable } from '../unreadable.ts'

/** What an MP3 holds: pieces that decode by themselves or with those before. `frames` are samples of each channel. */
export type Mp3 = { kind: 'mp3'; rate: number; frames: number }

/** Kilobits a second by the four bits of a header: of MPEG 1, and of MPEG 2 and 2.5 (ISO 11172-3 and 13818-3, layer III). */
const KILOBITS = [
  [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const
/** Samples a second of MPEG 1; MPEG 2 has half of each, MPEG 2.5 a quarter. */
const RATES = [44_100, 48_000, 32_000] as const
/** How often the rate of MPEG 2.5, none, MPEG 2 and 1 is halved. */
const HALVED = [2, undefined, 1, 0] as const
/** Bytes of the header of an ID3v2 tag. */
const TAG_BYTES = 10

type Piece = { rate: number; samples: number; bytes: number }

/**
 * How long an MP3 sounds, by each of its pieces: what it says of itself (Xing, ID3) is not believed. What lies between the
 * pieces is passed over, as decoders do.
 * @throws Unreadable where it has none
 */
export function readMp3(bytes: Uint8Array): Mp3 {
  let frames = 0
  let rate = 0
  for (const piece of mp3Pieces(bytes)) {
    frames += piece.samples
    rate = piece.rate
  }
  if (frames === 0) throw new Unreadable('an MP3 without a sound')
  return { kind: 'mp3', rate, frames }
}

/** The pieces of an MP3, in order. All are of the rate of the first. */
export function* mp3Pieces(
  bytes: Uint8Array,
): Generator<{ rate: number; samples: number; data: Uint8Array }> {
  let rate: number | undefined
  for (let at = 0; at + 4 <= bytes.length; ) {
    const tag = tagBytes(bytes, at)
    const piece = tag === 0 ? pieceAt(bytes, at) : undefined
    if (piece === undefined || piece.rate !== (rate ?? piece.rate)) {
      at += Math.max(1, tag)
      continue
    }
    rate = piece.rate
    yield { rate, samples: piece.samples, data: bytes.subarray(at, at + piece.bytes) }
    at += piece.bytes
  }
}

/**
 * The bytes of the ID3v2 tag at a place, 0 where there is none. Its length has seven bits a byte (id3.org, ID3v2.4, 3.1). It is asked
 * of each byte between pieces, so nothing is made of those that begin none.
 */
function tagBytes(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0x49 || bytes[at + 1] !== 0x44 || bytes[at + 2] !== 0x33) return 0
  let length = 0
  for (const byte of bytes.subarray(at + 6, at + TAG_BYTES)) length = length * 128 + (byte & 127)
  return TAG_BYTES + length
}

/** The piece that begins at a place, and is there as a whole. */
function pieceAt(bytes: Uint8Array, at: number): Piece | undefined {
  if (bytes[at] !== 0xff) return undefined
  const kind = bytes[at + 1] ?? 0
  const how = bytes[at + 2] ?? 0
  const halved = HALVED[(kind >> 3) & 3]
  if (kind < 0xe0 || ((kind >> 1) & 3) !== 1 || halved === undefined) return undefined
  const full = RATES[(how >> 2) & 3]
  const kilobits = KILOBITS[halved === 0 ? 0 : 1][(how >> 4) - 1]
  if (full === undefined || kilobits === undefined) return undefined
  const rate = full >> halved
  const samples = halved === 0 ? 1152 : 576
  const length = Math.floor((samples * kilobits * 125) / rate) + ((how >> 1) & 1)
  return at + length <= bytes.length ? { rate, samples, bytes: length } : undefined
}
