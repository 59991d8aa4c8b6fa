import { FLACDecoder } from '@wasm-audio-decoders/flac'
import CodecParser, { type CodecFrame } from 'codec-parser'
import type { Flac } from '../../../shared/sounds/flac.ts'
import { Unreadable } from '../../../shared/unreadable.ts'
import { createCollector, type Heard } from './collector.ts'

/** Bytes in which the ends of frames are looked for at once. */
const CHUNK = 16 * 1024
/**
 * Places that may look like the beginning of a frame and be none: so many, and one for so many bytes. By chance it is one in 32,768.
 * The parser checks all bytes since the last frame at each, so a file of nothing else would take it minutes.
 */
const MOST_FALSE = 64
const BYTES_A_FALSE = 8192

/**
 * Decodes FLAC frame by frame, up to the samples that its header said.
 * @throws Unreadable
 */
export async function decodeFlac(
  file: Uint8Array,
  { rate, frames, channels }: Flac,
  heard: Heard,
): Promise<Float32Array<ArrayBuffer>> {
  const decoder = new FLACDecoder()
  await decoder.ready
  const collector = createCollector(rate, frames, heard)
  for (const { data } of framesOf(file)) {
    const { channelData, samplesDecoded, sampleRate, errors } = await decoder.decodeFrames([data])
    if (errors.length > 0 || sampleRate !== rate || channelData.length !== channels || samplesDecoded === 0)
      throw new Unreadable('a FLAC file that is broken')
    collector.add(channelData)
  }
  return collector.end()
}

function* framesOf(file: Uint8Array): Generator<CodecFrame> {
  const parser = new CodecParser<CodecFrame>('audio/flac', { enableFrameCRC32: false })
  let open = 0
  for (let at = 0; at < file.length; at += CHUNK) {
    open += beginnings(file, at, at + CHUNK)
    for (const frame of all(parser.parseChunk(file.subarray(at, at + CHUNK)))) {
      open--
      yield frame
    }
    if (open > MOST_FALSE + file.length / BYTES_A_FALSE) throw new Unreadable('a FLAC file that is broken')
  }
  yield* all(parser.flush())
}

/** How many frames seem to begin between two places: their first 15 bits are the same (RFC 9639, 9.1). */
function beginnings(file: Uint8Array, from: number, to: number): number {
  let count = 0
  for (let at = from; at < to; at++) if (file[at] === 0xff && ((file[at + 1] ?? 0) & 0xfe) === 0xf8) count++
  return count
}

/** What an iterator gives: the parser's types say no more of its generators. */
const all = (frames: Iterator<CodecFrame>): Iterable<CodecFrame> => ({ [Symbol.iterator]: () => frames })
