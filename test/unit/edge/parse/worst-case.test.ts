import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { worstCase, worstCaseOfPairs } from '../../../../edge/parse/worst-case.ts'
import { modelOf } from '../../../fixtures/catalog.ts'

const model = modelOf('twohop-embed')

describe('the worst case', () => {
  it('of an encoder is bounded by one context an input', () => {
    expect(worstCase(model, ['x'.repeat(9999), 'y'], 0).promptTokens).toBe(
      Math.min(10_000 + 2 * model.overhead.item, 2 * model.context),
    )
  })

  it('of pairs counts a shared text with each, and each pair within a context', () => {
    const pairs = [
      ['€', 'ab'],
      ['€', 'x'.repeat(9999)],
    ] as const
    expect(worstCaseOfPairs(model, pairs).promptTokens).toBe(3 + 2 + 2 * model.overhead.item + model.context)
    expect(worstCaseOfPairs(model, []).promptTokens).toBe(0)
  })

  it('of pairs measures a text once, in however many it is', () => {
    const encode = vi.spyOn(TextEncoder.prototype, 'encode')
    onTestFinished(() => encode.mockRestore())
    const query = 'q'.repeat(100_000)
    worstCaseOfPairs(
      model,
      Array.from({ length: 256 }, (_, i) => [query, `document ${i % 10}`] as const),
    )
    const bytes = encode.mock.results.reduce((sum, { value }) => sum + value.length, 0)
    expect(bytes).toBe(100_000 + 10 * 'document 0'.length)
  })
})
