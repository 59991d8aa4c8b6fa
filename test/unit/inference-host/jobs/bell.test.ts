import { expect, it } from 'vitest'
import { createBell } from '../../../../inference-host/jobs/bell.ts'

it('wakes the one who waits', async () => {
  const bell = createBell()
  const heard = bell.rung()
  bell.ring()
  expect(await heard).toBe(true)
})

it('is heard once by the next, however often it rang before', async () => {
  const bell = createBell()
  bell.ring()
  bell.ring()
  expect(await bell.rung(60_000)).toBe(true)
  expect(await bell.rung(1)).toBe(false)
})

it('gives up after the time, and works again', async () => {
  const bell = createBell()
  expect(await bell.rung(1)).toBe(false)
  const heard = bell.rung(60_000)
  bell.ring()
  expect(await heard).toBe(true)
})
