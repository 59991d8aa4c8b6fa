import { describe, expect, it } from 'vitest'
import type { Sequence } from '../../../../../inference-host/decoding/batching/request.ts'
import { createAdmission } from '../../../../../inference-host/decoding/batching/slots.ts'

/** Admission asks a sequence for nothing but how large it can get. */
const sequence = (bound: number) => ({ bound }) as Sequence

function admission(slots: number, tokens: number, ...bounds: number[]) {
  const all = bounds.map(sequence)
  const held = createAdmission(slots, tokens)
  for (const one of all) held.enqueue(one)
  return { held, all }
}

describe('admission', () => {
  it('is in order of arrival, as far as there are slots', () => {
    const { held, all } = admission(2, 1000, 10, 20, 30)
    expect([held.admit(), held.admit(), held.admit()]).toEqual([all[0], all[1], undefined])
    expect(held.queued).toEqual([all[2]])
    held.release(all[0] as Sequence)
    expect(held.admit()).toBe(all[2])
  })

  it('leaves room for one more of the largest, in which one is copied', () => {
    // 40 + 50 and another 50.
    expect(
      [admission(9, 140, 40, 50), admission(9, 139, 40, 50)].map(({ held }) => [
        held.admit()?.bound,
        held.admit()?.bound,
      ]),
    ).toEqual([
      [40, 50],
      [40, undefined],
    ])
  })

  it('lets nobody overtake one that waits for memory', () => {
    const { held, all } = admission(9, 100, 30, 60, 1)
    expect(held.admit()).toBe(all[0])
    expect(held.admit()).toBeUndefined()
    expect(held.queued).toEqual([all[1], all[2]])
  })

  it('forgets one that waits as well as one that runs', () => {
    const { held, all } = admission(9, 100, 30, 60, 1)
    held.admit()
    held.release(all[1] as Sequence)
    expect(held.admit()).toBe(all[2])
    expect([...held.admitted]).toEqual([all[0], all[2]])
  })
})
