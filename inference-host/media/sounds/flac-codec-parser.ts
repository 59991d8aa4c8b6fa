import { FLACDecoder } from '@wasm-audio-decoders/flac'
import CodecParser, { type CodecFrame } from 'codec-parser'
import type { Flac } from '../../../shared/sounds/flac.ts'
import { Unreadable } from '../../../shared/unreadable.ts'
import { createCollector } from './collector.ts'

/** Bytes in which the ends of frames are looked for at once. */
const CHUNK = 64 * 1024

/**
 * Decodes FLAC frame by frame, up to the samples that its header said.
 * @throws Unreadable
 */
export async function decodeFlac(file: Uint8Array, { rate, frames, channels }: Flac): Promise<Float32Array> {
  const decoder = new FLACDecoder()
  await decoder.ready
  const collector = createCollector(rate, frames)
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
  for (let at = 0; at < file.length; at += CHUNK) yield* all(parser.parseChunk(file.subarray(at, at + CHUNK)))
  yield* all(parser.flush())
}

/** What an iterator gives: the parser's types say no more of its generators. */
const all = (frames: Iterator<CodecFrame>): Iterable<CodecFrame> => ({ [Symbol.iterator]: () => frames })
