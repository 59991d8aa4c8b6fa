import { STRIDE_SECONDS, WINDOW_SECONDS } from '../../shared/media.ts'
import { RATE } from './rate.ts'

/** A part of a recording that a model hears at once. Lengths in samples; `left` and `right` overlap with its neighbours. */
export type Window = { samples: Float32Array; left: number; right: number; last: boolean }

/** The windows of a recording, cut as transformers.js cuts them with chunks of 30 s and strides of 5 s. */
export function windowsIn(samples: Float32Array): Window[] {
  const length = WINDOW_SECONDS * RATE
  const stride = STRIDE_SECONDS * RATE
  const windows: Window[] = []
  for (let at = 0; ; at += length - 2 * stride) {
    const last = at + length >= samples.length
    windows.push({
      samples: samples.subarray(at, at + length),
      left: at === 0 ? 0 : stride,
      right: last ? 0 : stride,
      last,
    })
    if (last) return windows
  }
}
