import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createCandidates,
  narrow,
  weigh,
} from '../../../../../inference-host/decoding/sampling/candidates.ts'
import { SPAN } from '../../../../../inference-host/decoding/sampling/decay.ts'
import { createNucleus } from '../../../../../inference-host/decoding/sampling/nucleus.ts'

/** All tokens of these logits as candidates. */
function candidatesOf(logits: readonly number[], temperature = 1, span = SPAN, chosen?: readonly number[]) {
  const candidates = createCandidates(logits.length)
  weigh(candidates, {
    logits: Float32Array.from(logits),
    highest: Math.max(...logits),
    temperature,
    chosen,
    span,
  })
  return candidates
}
const idsOf = ({ ids, count }: ReturnType<typeof createCandidates>) => [...ids.subarray(0, count)]

function cut(logits: readonly number[], topP: number) {
  const candidates = candidatesOf(logits)
  createNucleus(topP)(candidates)
  return idsOf(candidates)
}

describe('candidates', () => {
  it('weigh as far below the likeliest as the temperature has it', () => {
    const { below, weights } = candidatesOf([2, 0, 1], 2)
    expect([...below]).toEqual([0, 1, 0.5])
    expect([...weights].map((weight) => weight.toFixed(6))).toEqual(['1.000000', '0.367879', '0.606531'])
  })

  it('are those asked for, in that order, and none beyond the span or ruled out', () => {
    expect(idsOf(candidatesOf([2, -1, 1, Number.NEGATIVE_INFINITY], 1, 2, [2, 3, 1, 0]))).toEqual([2, 0])
  })

  it('keep their order when they are narrowed', () => {
    const candidates = candidatesOf([1, 2, 3, 4])
    narrow(candidates, (place) => place % 2 === 1)
    expect(idsOf(candidates)).toEqual([1, 3])
    expect(candidates.below[0]).toBe(2)
  })
})

describe('the nucleus', () => {
  it('holds the fewest that have the share', () => {
    // A half, a quarter and an eighth twice.
    const logits = [1 / 8, 1 / 2, 1 / 8, 1 / 4].map(Math.log)
    expect(cut(logits, 0.4)).toEqual([1])
    expect(cut(logits, 0.6)).toEqual([1, 3])
    expect(cut(logits, 0.8)).toEqual([0, 1, 3])
    expect(cut(logits, 1)).toEqual([0, 1, 2, 3])
  })

  it('ends where the share is reached, of equal ones with the first', () => {
    expect(cut([0, 0, 0, 0], 0.5)).toEqual([0, 1])
  })

  it('always holds one', () => {
    expect(cut([0, 5, 1], 1e-9)).toEqual([1])
  })

  it('agrees with a plain sort on any logits', () => {
    const logit = fc.integer({ min: -400, max: 400 }).map((value) => value / 16)
    fc.assert(
      fc.property(
        fc.array(logit, { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (logits, topP) => {
          const all = candidatesOf(logits)
          const weight = new Map(idsOf(all).map((id, place) => [id, all.weights[place] ?? 0]))
          const weightOf = (id: number) => weight.get(id) ?? 0
          const order = idsOf(all).toSorted((a, b) => weightOf(b) - weightOf(a) || a - b)
          const total = order.reduce((sum, id) => sum + weightOf(id), 0)
          const held = cut(logits, topP)
          const share = held.reduce((sum, id) => sum + weightOf(id), 0) / total
          const least = Math.min(...held.map(weightOf)) / total
          expect(held.toSorted()).toEqual(order.slice(0, held.length).toSorted())
          expect(share).toBeGreaterThanOrEqual(topP - 1e-12)
          expect(held.length === 1 || share - least < topP + 1e-12).toBe(true)
        },
      ),
      { numRuns: 300, seed: 7 },
    )
  })
})
