import { readWav, secondsOf, type Wav } from '../../shared/wav.ts'
import { resample } from './resample.ts'

/** Whisper's samples a second. */
export const RATE = 16_000

/** A recording as models hear it: one channel of RATE samples a second, each from -1 to 1. */
export type Recording = {
  /** Seconds, with their parts. */
  duration: number
  /** Seconds that have begun: what is paid for. */
  seconds: number
  /** Decodes it, which takes a hundredth of its time. */
  samples(): Float32Array
}

/**
 * Reads a WAV file. The edge has read its header too, and reserved its seconds.
 * @throws TwohopError invalid_request
 */
export function readRecording(file: Uint8Array): Recording {
  const wav = readWav(file, 'file')
  return {
    duration: wav.frames / wav.rate,
    seconds: secondsOf(wav),
    samples: () => resample(mono(file, wav), wav.rate, RATE),
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
    // A float may be anything, a number or not; spectra of such would be nothing.
    const mean = sum / channels
    samples[frame] = Number.isFinite(mean) ? Math.max(-1, Math.min(1, mean)) : 0
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
