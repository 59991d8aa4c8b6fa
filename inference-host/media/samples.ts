import { RECORDING, readSound } from '../../shared/sounds/sound.ts'
import { refusalOf, Unreadable } from '../../shared/unreadable.ts'
import { secondsOf, type Wav } from '../../shared/wav.ts'
import { RATE } from './rate.ts'
import { createCollector } from './sounds/collector.ts'
import { decodeAside } from './sounds/decode-aside.ts'

/** How much of a WAV file is read at a time: a client that leaves waits for no more. */
const PART_SECONDS = 10

/** A recording as models hear it: one channel of RATE samples a second, each from -1 to 1. */
export type Recording = {
  samples: Float32Array
  /** Seconds, with their parts. */
  duration: number
  /** Seconds that have begun: what is paid for. */
  seconds: number
}

/** A recording of which only the header, or the ends of its pieces, have been read. */
type Unheard = {
  /** The most seconds that it sounds. */
  seconds: number
  /**
   * Decodes it. Resolves with undefined when `stopped` ended it.
   * @param heard told how many seconds were decoded, each that has begun, where that ended early or failed, too
   * @throws TwohopError invalid_request where it is broken, or holds more than it says
   */
  decode(stopped: () => boolean, heard?: (seconds: number) => void): Promise<Recording | undefined>
}

/**
 * Reads how long a recording is at most, as the edge has done to reserve its seconds.
 * @throws TwohopError unsupported_audio, invalid_request
 */
export function readRecording(file: Uint8Array): Unheard {
  const sound = readSound(file, 'file')
  return {
    seconds: secondsOf(sound),
    async decode(stopped, heard = () => {}) {
      if (sound.kind === 'wav') {
        const samples = decodeWav(file, sound, stopped, heard)
        return samples && { samples, duration: sound.frames / sound.rate, seconds: secondsOf(sound) }
      }
      const samples = await decodeAside({ file, sound }, stopped, heard).catch((error: unknown) => {
        throw error instanceof Unreadable ? refusalOf('file', RECORDING, error) : error
      })
      const sounds = samples && { frames: samples.length, rate: RATE }
      return sounds && { samples, duration: sounds.frames / RATE, seconds: secondsOf(sounds) }
    },
  }
}

/** Samples of a WAV file as a model hears them. Undefined when `stopped` ended it, which is asked before each part. */
function decodeWav(
  file: Uint8Array,
  wav: Wav,
  stopped: () => boolean,
  heard: (seconds: number) => void,
): Float32Array | undefined {
  const { rate, frames } = wav
  const collector = createCollector(rate, frames, (seconds) => heard(Math.ceil(seconds)))
  for (let from = 0; from < frames; from += PART_SECONDS * rate) {
    if (stopped()) return undefined
    collector.add(channelsOf(file, wav, from, Math.min(frames, from + PART_SECONDS * rate)))
  }
  return collector.end()
}

/** The samples of each channel between two places. */
function channelsOf(file: Uint8Array, wav: Wav, from: number, to: number): Float32Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const read = readerOf(view, wav.float, wav.bits)
  const step = wav.bits / 8
  return Array.from({ length: wav.channels }, (_, channel) => {
    const samples = new Float32Array(to - from)
    for (let frame = from; frame < to; frame++)
      samples[frame - from] = read(wav.start + (frame * wav.channels + channel) * step)
    return samples
  })
}

/** Gives a sample at a byte, from -1 to 1. Integers of 8 bits have their zero at 128. */
function readerOf(view: DataView, float: boolean, bits: Wav['bits']): (at: number) => number {
  if (float) return (at) => view.getFloat32(at, true)
  switch (bits) {
    case 8:
      return (at) => (view.getUint8(at) - 128) / 2 ** 7
    case 16:
      return (at) => view.getInt16(at, true) / 2 ** 15
    case 24:
      return (at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 2 ** 23
    case 32:
      return (at) => view.getInt32(at, true) / 2 ** 31
  }
}
