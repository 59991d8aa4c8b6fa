import { expect, test } from 'vitest'
import { createSlots, mayStart } from '../../../../inference-host/scheduler/slots.ts'

const RULES = { slots: 4, spareSlots: 1, prefills: 1 }

test.each([
  // priority, slots held, running, prefilling, may start
  ['interactive', 0, 0, 0, true],
  ['interactive', 0, 3, 3, true],
  ['interactive', 0, 4, 0, false],
  ['interactive', 1, 2, 0, true],
  ['interactive', 1, 2, 1, false],
  ['interactive', 1, 3, 0, false],
  ['job', 0, 2, 2, true],
  ['job', 0, 3, 0, false],
  ['job', 1, 2, 0, true],
  ['job', 1, 2, 1, false],
  ['job', 1, 3, 0, false],
] as const)('%s, holding %d, %d running, %d prefilling: %s', (priority, held, running, prefilling, may) => {
  expect(mayStart({ priority, held }, { running, prefilling }, RULES)).toBe(may)
})

test('where none may start that holds nothing, nobody may', () => {
  for (const priority of ['interactive', 'job'] as const)
    for (const held of [1, 2])
      for (let running = 0; running <= 4; running++)
        for (let prefilling = 0; prefilling <= running; prefilling++) {
          const use = { running, prefilling }
          if (!mayStart({ priority, held: 0 }, use, RULES))
            expect(mayStart({ priority, held }, use, RULES)).toBe(false)
        }
})

test('slots are counted by account and given back once', () => {
  const slots = createSlots<{ account: string }>({ slots: 3, spareSlots: 1, prefills: 1 })
  const [one, two] = [{ account: 'a' }, { account: 'a' }]
  slots.give(one)
  expect(slots.open('interactive', 'a')).toBe(false)
  expect([slots.answered(one), slots.answered(one)]).toEqual([true, false])
  expect(slots.open('interactive', 'a')).toBe(true)
  slots.give(two)
  expect([slots.open('interactive', 'a'), slots.open('interactive', 'b')]).toEqual([false, true])
  expect([slots.takeBack(one), slots.takeBack(one)]).toEqual([true, false])
  expect(slots.open('interactive', 'a')).toBe(false)
  expect(slots.takeBack(two)).toBe(true)
  expect([slots.running.size, slots.open('job', 'a')]).toEqual([0, true])
})
