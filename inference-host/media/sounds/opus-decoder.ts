import { OpusDecoder } from 'opus-decoder'
import { OPUS_RATE, type Opus, opusPackets } from '../../../shared/sounds/opus.ts'
import { Unreadable } from '../../../shared/unreadable.ts'
import { RATE } from '../rate.ts'
import { createCollector, type Heard } from './collector.ts'

/** Samples of Opus for one that models hear. */
const PART = OPUS_RATE / RATE

/**
 * Decodes Opus packet by packet, at the models' own rate. What its container says is beyond the end is left out.
 * @throws Unreadable
 */
export async function decodeOpus(
  file: Uint8Array,
  { frames, skip }: Opus,
  heard: Heard,
): Promise<Float32Array<ArrayBuffer>> {
  const { channels, packets } = opusPackets(file)
  const decoder = new OpusDecoder({ sampleRate: RATE, channels })
  await decoder.ready
  const most = Math.ceil(frames / PART)
  const collector = createCollector(RATE, most, heard, Math.round(skip / PART))
  let left = most + Math.round(skip / PART)
  for (const { data } of packets) {
    const { channelData, samplesDecoded, errors } = decoder.decodeFrame(data)
    if (errors.length > 0) throw new Unreadable('Opus that is broken')
    collector.add(channelData.map((channel) => channel.subarray(0, left)))
    left -= samplesDecoded
    if (left <= 0) break
  }
  return collector.end()
}
