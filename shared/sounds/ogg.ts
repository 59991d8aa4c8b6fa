import { joinBytes } from '../join-bytes.ts'
import { Unreadable } from '../unreadable.ts'
import { textAt, viewOf } from './bytes.ts'
import type { Packet } from './packet.ts'

/** Bytes of a page's header before its table (RFC 3533, 6). */
const HEADER = 27
const NO_PLACE = 0xffff_ffff

/**
 * The packets of the first stream of an Ogg file, each with the place of its page (its granule position). A page whose end is missing is left out.
 * @throws Unreadable where a page is none
 */
export function* oggPackets(bytes: Uint8Array): Generator<Packet> {
  const view = viewOf(bytes)
  let stream: number | undefined
  let parts: Uint8Array[] = []
  for (let at = 0; at + HEADER <= bytes.length; ) {
    if (textAt(bytes, at) !== 'OggS') throw new Unreadable('an Ogg file that is broken')
    const lengths = bytes.subarray(at + HEADER, at + HEADER + (bytes[at + 26] ?? 0))
    let start = at + HEADER + lengths.length
    const end = lengths.reduce((sum, length) => sum + length, start)
    if (end > bytes.length) return
    const serial = view.getUint32(at + 14, true)
    stream ??= serial
    const high = view.getUint32(at + 10, true)
    const place = high === NO_PLACE ? undefined : high * 2 ** 32 + view.getUint32(at + 6, true)
    at = end
    if (serial !== stream) continue
    let from = start
    for (const length of lengths) {
      start += length
      // A packet ends with a length below 255. Others go on in the next page.
      if (length === 255) continue
      const last = bytes.subarray(from, start)
      yield { data: parts.length === 0 ? last : joinBytes([...parts, last]), place }
      parts = []
      from = start
    }
    if (from < start) parts.push(bytes.subarray(from, start))
  }
}
