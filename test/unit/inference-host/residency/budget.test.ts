import { expect, test } from 'vitest'
import { memoryBudget } from '../../../../inference-host/residency/budget.ts'

const GB = 2 ** 30
const machine = (constrained: number, device?: number) => ({
  total: () => 10 * GB,
  constrained: () => constrained,
  device: async () => device,
})
const DERIVED = { HOST_MEMORY_MB: 0, HOST_DEVICE_MEMORY_MB: 0 }

test('four fifths of the machine, or of the container where that is less', async () => {
  expect((await memoryBudget(DERIVED, machine(0))).host).toBe(8 * GB)
  expect((await memoryBudget(DERIVED, machine(2 ** 60))).host).toBe(8 * GB)
  expect((await memoryBudget(DERIVED, machine(5 * GB))).host).toBe(4 * GB)
})

test('nine tenths of the card; without a limit where nobody tells', async () => {
  expect((await memoryBudget(DERIVED, machine(0, 10 * GB))).device).toBe(9 * GB)
  expect((await memoryBudget(DERIVED, machine(0))).device).toBe(Number.POSITIVE_INFINITY)
})

test('what is configured is taken as it is', async () => {
  const configured = { HOST_MEMORY_MB: 512, HOST_DEVICE_MEMORY_MB: 256 }
  expect(await memoryBudget(configured, machine(GB, GB))).toEqual({ host: GB / 2, device: GB / 4 })
})

test('this machine says how much memory it has', async () => {
  expect((await memoryBudget(DERIVED)).host).toBeGreaterThan(2 ** 28)
})
