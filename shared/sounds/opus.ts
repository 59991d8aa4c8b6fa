import { Unreadable } from '../unreadable.ts'
import { textAt, viewOf } from './bytes.ts'
import { oggPackets } from './ogg.ts'
import type { Packet } from './packet.ts'
import { webmPackets } from './webm.ts'

/** Opus counts its samples at this rate, whatever was recorded. */
export const OPUS_RATE = 48_000

/** What a file of Opus holds, in Ogg or WebM. `frames` are samples of each channel at OPUS_RATE that are heard. */
export type Opus = {
  kind: 'opus'
  rate: typeof OPUS_RATE
  frames: number
  /** Samples at the beginning that are decoded and not heard. */
  skip: number
  channels: number
}

/** The most samples of a packet: 120 ms (RFC 6716, 3.2.5). */
const MOST_SAMPLES = 5760
/** The most samples that a header can have skipped. */
const MOST_SKIPPED = 0xffff

/**
 * How long a file of Opus sounds, by each of its packets. Where Ogg says that it ends before, it does.
 * @param most seconds after which it is not read on
 * @throws Unreadable where it is broken, or holds something else
 */
export function readOpus(bytes: Uint8Array, most: number): Opus {
  const { skip, channels, packets } = opusPackets(bytes)
  let decoded = 0
  let end: number | undefined
  for (const { data, place } of packets) {
    decoded += samplesOf(data)
    end = place
    if (decoded > most * OPUS_RATE + MOST_SKIPPED) break
  }
  return { kind: 'opus', rate: OPUS_RATE, frames: Math.min(decoded, end ?? decoded) - skip, skip, channels }
}

/**
 * The packets of a file of Opus, and what its header says.
 * @throws Unreadable, also as the packets are read
 */
export function opusPackets(bytes: Uint8Array): ReturnType<typeof opusHead> & { packets: Iterable<Packet> } {
  const isOgg = textAt(bytes, 0) === 'OggS'
  const packets = isOgg ? oggPackets(bytes) : webmPackets(bytes)
  const head = opusHead(packets.next().value?.data)
  // Titles and the like.
  if (isOgg) packets.next()
  return { ...head, packets }
}

/**
 * The header of a stream (RFC 7845, 5.1).
 * @throws Unreadable where it is none, or of more than two channels
 */
function opusHead(bytes = new Uint8Array()): Pick<Opus, 'skip' | 'channels'> {
  if (bytes.length < 19 || textAt(bytes, 0, 8) !== 'OpusHead')
    throw new Unreadable('sounds of another kind than Opus', 'unsupported_audio')
  const channels = bytes[9] ?? 0
  if (bytes[18] !== 0 || channels < 1 || channels > 2)
    throw new Unreadable('Opus of more than two channels', 'unsupported_audio')
  return { channels, skip: viewOf(bytes).getUint16(10, true) }
}

/**
 * Samples of a packet, which its first two bytes say (RFC 6716, 3.1).
 * @throws Unreadable where it is none
 */
function samplesOf(packet: Uint8Array): number {
  const [toc, count = 0] = packet
  const kind = (toc ?? 0) >> 3
  const each =
    kind < 12 ? ([480, 960, 1920, 2880][kind & 3] ?? 0) : kind < 16 ? 480 << (kind & 1) : 120 << (kind & 3)
  const many = [1, 2, 2, count & 63][(toc ?? 0) & 3] ?? 0
  if (toc === undefined || many < 1 || each * many > MOST_SAMPLES) throw new Unreadable('Opus that is broken')
  return each * many
}
