import { Unreadable } from '../unreadable.ts'
import { viewOf } from './bytes.ts'

/** What the header of a FLAC file says. `frames` are samples of each channel. */
export type Flac = { kind: 'flac'; rate: number; frames: number; channels: number }

/** Bytes of a file up to the end of its first block. */
const HEADER = 42

/**
 * Reads the header of a FLAC file (RFC 9639, 8.2). How long it sounds is what it says: whoever decodes it counts, and stops there.
 * @throws Unreadable where it says nothing
 */
export function readFlac(bytes: Uint8Array): Flac {
  if (bytes.length < HEADER || ((bytes[4] ?? 0) & 127) !== 0)
    throw new Unreadable('a FLAC file without its header')
  const view = viewOf(bytes)
  const said = view.getUint32(18)
  const frames = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22)
  if (frames === 0) throw new Unreadable('a FLAC file that does not say how long it is')
  return { kind: 'flac', rate: said >>> 12, frames, channels: ((said >>> 9) & 7) + 1 }
}
