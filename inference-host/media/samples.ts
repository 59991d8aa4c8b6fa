import { RECORDING, readSound } from '../../shared/sounds/sound.ts'
import { refusalOf, Unreadable } from '../../shared/unreadable.ts'
import { secondsOf, type Wav } from '../../shared/wav.ts'
import { RATE } from './rate.ts'
import { resample } from './resample.ts'
import { sampleOf } from './sounds/collector.ts'
import { decodeAside } from './sounds/decode-aside.ts'

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
        const samples = resample(mono(file, sound), sound.rate, RATE)
        return { samples, duration: sound.frames / sound.rate, seconds: secondsOf(sound) }
      }
      const samples = await decodeAside({ file, sound }, stopped, heard).catch((error: unknown) => {
        throw error instanceof Unreadable ? refusalOf('file', RECORDING, error) : error
      })
      const sounds = samples && { frames: samples.length, rate: RATE }
      return sounds && { samples, duration: sounds.frames / RATE, seconds: secondsOf(sounds) }
    },
  }
}

/** The mean of a file's channels. */
function mono(file: Uint8Array, { float, bits, channels, start, frames }: Wav): Float32Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const read = readerOf(view, float, bits)
  const step = bits / 8
  const samples = new Float32Array(frames)
  for (let frame = 0; frame < frames; frame++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++)
      sum += read(start + (frame * channels + channel) * step)
    samples[frame] = sampleOf(sum / channels)
  }
  return samples
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
