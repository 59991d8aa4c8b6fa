import { Unreadable } from '../../../shared/unreadable.ts'
import { RATE } from '../rate.ts'
import { createResampler } from '../resample.ts'

/** Takes a sound's samples as they are decoded, and keeps them as models hear them. */
export type Collector = {
  /**
   * The next samples, one list a channel, each from -1 to 1.
   * @throws Unreadable where there are more than the file said: what was reserved for it would not do
   */
  add(channels: readonly Float32Array[]): void
  /** All of them: one channel of RATE samples a second. */
  end(): Float32Array<ArrayBuffer>
}

/** Told how many seconds of a sound have been decoded so far, with their parts. */
export type Heard = (seconds: number) => void

/**
 * A collector of a sound of `rate`. Not all is kept at the sound's own rate: an hour of that would be gigabytes.
 * @param frames the most samples of each channel
 * @param skip samples at the beginning that are not heard, nor among `frames`
 */
export function createCollector(rate: number, frames: number, heard: Heard, skip = 0): Collector {
  const resampler = rate === RATE ? undefined : createResampler(rate, RATE)
  const kept = new Float32Array(Math.max(1, Math.ceil((frames * RATE) / rate)))
  let [came, length, skipped] = [0, 0, 0]

  function keep(samples: Float32Array): void {
    kept.set(samples.subarray(0, kept.length - length), length)
    length = Math.min(kept.length, length + samples.length)
  }

  return {
    add(channels) {
      const whole = mean(channels)
      const passed = Math.min(skip - skipped, whole.length)
      skipped += passed
      const samples = whole.subarray(passed)
      came += samples.length
      heard(Math.min(came, frames) / rate)
      if (came > frames) throw new Unreadable('one that holds more than it says')
      keep(resampler ? resampler.push(samples) : samples)
    },
    end() {
      if (came === 0) throw new Unreadable('one without a sound')
      if (resampler) keep(resampler.end())
      return kept.slice(0, Math.min(length, Math.ceil((came * RATE) / rate)))
    },
  }
}

/** The mean of all channels. An hour has hundreds of millions of samples, so nothing is called for each but what is inlined. */
function mean(channels: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array()] = channels
  const samples = new Float32Array(first.length)
  for (let i = 0; i < samples.length; i++) {
    let sum = first[i] ?? 0
    for (let channel = 1; channel < channels.length; channel++) sum += channels[channel]?.[i] ?? 0
    samples[i] = sampleOf(sum / channels.length)
  }
  return samples
}

/** A sample from -1 to 1. A file's float may be anything, a number or not; spectra of such would be nothing. */
const sampleOf = (value: number) => (Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0)
