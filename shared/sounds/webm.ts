import { Unreadable } from '../unreadable.ts'
import { textAt } from './bytes.ts'
import type { Packet } from './packet.ts'

// The ids of elements (RFC 9559, Matroska). Those of ENTERED are walked into: their content follows.
const ENTERED = new Set([0x18538067, 0x1f43b675, 0x1654ae6b, 0xae, 0xa0])
const TRACK = 0xae
const NUMBER = 0xd7
const CODEC = 0x86
const PRIVATE = 0x63a2
const ENCODINGS = 0x6d80
const BLOCKS = new Set([0xa3, 0xa1])
/** The bits of a block's flags that say that several packets share it. */
const LACED = 6

type Track = { number?: number; codec?: string; head?: Uint8Array }

/**
 * The header of the first track of Opus in a WebM file, then its packets. What browsers record has no length, and
 * none is needed.
 * @throws Unreadable where there is no such track, or the file is written otherwise than browsers do it
 */
export function* webmPackets(bytes: Uint8Array): Generator<Packet> {
  let track: Track = {}
  let heard: number | undefined
  for (let at = 0; at < bytes.length; ) {
    const id = numberAt(bytes, at, true)
    const size = numberAt(bytes, at + id.length, false)
    const start = at + id.length + size.length
    if (id.length === 0 || size.length === 0) throw new Unreadable('a WebM file that is broken')
    const entered = ENTERED.has(id.value)
    at = entered ? start : start + size.value
    // The last block of a recording that was cut off.
    if (at > bytes.length) return
    if (id.value === TRACK) track = {}
    if (entered) continue
    const content = bytes.subarray(start, at)
    if (id.value === NUMBER) track.number = content.reduce((sum, byte) => sum * 256 + byte, 0)
    if (id.value === CODEC) track.codec = textAt(content, 0, content.length < 32 ? content.length : 0)
    if (id.value === PRIVATE) track.head = content
    if (heard === undefined && track.codec === 'A_OPUS' && track.number !== undefined && track.head) {
      heard = track.number
      yield { data: track.head }
    }
    if (id.value === ENCODINGS && track.number === heard)
      throw new Unreadable('a WebM file that is packed or encrypted', 'unsupported_audio')
    if (BLOCKS.has(id.value)) {
      if (heard === undefined) throw new Unreadable('a WebM file without Opus', 'unsupported_audio')
      const of = numberAt(content, 0, false)
      // After the track come two bytes of time and one of flags.
      const flags = content[of.length + 2] ?? 0
      if (of.value !== heard) continue
      if (flags & LACED) throw new Unreadable('a WebM file with several packets a block', 'unsupported_audio')
      yield { data: content.subarray(of.length + 3) }
    }
  }
}

/** A number of one to eight bytes, of which the first says how many. Sizes drop the bit that says so, ids keep it. */
function numberAt(bytes: Uint8Array, at: number, marked: boolean): { value: number; length: number } {
  const first = bytes[at] ?? 0
  const length = Math.clz32(first) - 23
  if (length > 8 || at + length > bytes.length) return { value: 0, length: 0 }
  let value = marked ? first : first & (0xff >> length)
  // Not over a part of it: to make one takes ten times as long, and a file may be nothing but numbers.
  for (let place = at + 1; place < at + length; place++) value = value * 256 + (bytes[place] ?? 0)
  return { value, length }
}
