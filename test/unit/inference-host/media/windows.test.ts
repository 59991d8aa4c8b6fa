import { expect, it } from 'vitest'
import { RATE } from '../../../../inference-host/media/rate.ts'
import { windowsIn } from '../../../../inference-host/media/windows.ts'
import { windowsOf } from '../../../../shared/media.ts'

const silence = (seconds: number) => new Float32Array(seconds * RATE)

it('windows overlap by 5 s on each side, and the last ends with the recording', () => {
  const windows = windowsIn(silence(55)).map(({ samples, left, right, last }) => ({
    from: samples.byteOffset / 4 / RATE,
    seconds: samples.length / RATE,
    left: left / RATE,
    right: right / RATE,
    last,
  }))
  expect(windows).toEqual([
    { from: 0, seconds: 30, left: 0, right: 5, last: false },
    { from: 20, seconds: 30, left: 5, right: 5, last: false },
    { from: 40, seconds: 15, left: 5, right: 0, last: true },
  ])
})

it('there are never more than the edge reserves for', () => {
  for (const seconds of [0.001, 1, 29.99, 30, 30.01, 49.99, 50, 50.5, 70, 119.5, 120, 601])
    expect(windowsIn(silence(seconds)).length).toBeLessThanOrEqual(windowsOf(Math.ceil(seconds)))
})
