import { MPEGDecoder } from 'mpg123-decoder'
import { type Mp3, mp3Pieces } from '../../../shared/sounds/mp3.ts'
import { Unreadable } from '../../../shared/unreadable.ts'
import { createCollector, type Heard } from './collector.ts'

/**
 * Decodes an MP3 piece by piece. What an encoder added at both ends is cut off, where it says so.
 * @throws Unreadable
 */
export async function decodeMp3(
  file: Uint8Array,
  { rate, frames }: Mp3,
  heard: Heard,
): Promise<Float32Array<ArrayBuffer>> {
  const decoder = new MPEGDecoder()
  await decoder.ready
  const collector = createCollector(rate, frames, heard)
  for (const { data } of mp3Pieces(file)) {
    const { channelData, samplesDecoded, sampleRate, errors } = decoder.decodeFrame(data)
    if (errors.length > 0 || (samplesDecoded > 0 && sampleRate !== rate))
      throw new Unreadable('an MP3 that is broken')
    collector.add(channelData)
  }
  return collector.end()
}
