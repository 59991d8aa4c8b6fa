import { expect, it } from 'vitest'
import { coolDownMs, retryMs } from '../../../../inference-host/residency/backoff.ts'
import { fits, mebibytes, NONE, sum } from '../../../../inference-host/residency/bytes.ts'

it('waits twice as long each time, a broken model five minutes at most', () => {
  expect([1, 2, 3].map(retryMs)).toEqual([1000, 2000, 4000])
  expect([1, 2, 3, 5, 6, 60].map(coolDownMs)).toEqual([15_000, 30_000, 60_000, 240_000, 300_000, 300_000])
})

it('fits only where both kinds of memory do, to the byte', () => {
  const used = sum([
    { host: 1, device: 2 },
    { host: 3, device: 4 },
  ])
  expect(used).toEqual({ host: 4, device: 6 })
  expect(sum([])).toEqual(NONE)
  expect(fits({ host: 6, device: 4 }, used, { host: 10, device: 10 })).toBe(true)
  expect(fits({ host: 7, device: 4 }, used, { host: 10, device: 10 })).toBe(false)
  expect(fits({ host: 6, device: 5 }, used, { host: 10, device: 10 })).toBe(false)
  expect([0, 1, 2 ** 20, 2 ** 20 + 1].map(mebibytes)).toEqual([0, 1, 1, 2])
})
