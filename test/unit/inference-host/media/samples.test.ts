import { describe, expect, it } from 'vitest'
import { RATE } from '../../../../inference-host/media/rate.ts'
import { readRecording } from '../../../../inference-host/media/samples.ts'
import { wavOf } from '../../../fixtures/recordings.ts'

const decoded = (file: Uint8Array) => readRecording(file).decode(() => false)
const heard = async (file: Uint8Array) => [...((await decoded(file))?.samples ?? [])]

describe('samples', () => {
  it.each([
    [8, 1, 2 ** -7],
    [16, 1, 2 ** -15],
    [24, 1, 2 ** -23],
    [32, 1, 2 ** -31],
    [32, 3, 2 ** -24],
  ])('of %i bits, kind %i, are from -1 to 1', async (bits, tag, step) => {
    const samples = [-1, -0.5, 0, 0.25, 0.75]
    const made = await heard(wavOf({ samples, bits, tag }))
    for (const [i, sample] of samples.entries())
      expect(Math.abs((made[i] ?? 9) - sample)).toBeLessThanOrEqual(step)
  })

  it('of several channels are their mean', async () => {
    const file = wavOf({ samples: [0.5, -0.5, 0.25, 0.75], channels: 2, bits: 32, tag: 3 })
    expect(await heard(file)).toEqual([0, 0.5])
  })

  it('that are no numbers are silence, and none is beyond its range', async () => {
    const samples = [Number.NaN, Number.POSITIVE_INFINITY, 7, -7]
    expect(await heard(wavOf({ samples, bits: 32, tag: 3 }))).toEqual([0, 0, 1, -1])
  })
})

it('a recording is as long as it sounds', async () => {
  const file = wavOf({ samples: new Float32Array(RATE * 1.5) })
  expect(readRecording(file).seconds).toBe(2)
  expect(await decoded(file)).toMatchObject({ duration: 1.5, seconds: 2 })
})

it('a WAV file is left in the middle when nobody waits any more, and what was read of it is told', async () => {
  const file = wavOf({ samples: new Float32Array(8000 * 35), rate: 8000, bits: 8 })
  const told: number[] = []
  const until = (parts: number) => () => parts-- <= 0
  const decode = (stopped: () => boolean) =>
    readRecording(file).decode(stopped, (seconds) => told.push(seconds))
  expect(await decode(until(0))).toBeUndefined()
  expect(await decode(until(2))).toBeUndefined()
  expect(told).toEqual([10, 20])
  expect(await decode(() => false)).toMatchObject({ duration: 35, seconds: 35 })
  expect(told.at(-1)).toBe(35)
})
