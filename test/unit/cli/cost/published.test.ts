import { describe, expect, it } from 'vitest'
import { GPU_PUBLISHED } from '../../../../cli/cost/default.ts'
import { PUBLISHED, publishedSpeeds } from '../../../../cli/cost/published.ts'

describe('throughputs that others published', () => {
  it('have a page, the day on which it was seen, and what was measured', () => {
    expect(PUBLISHED.length).toBeGreaterThan(1)
    for (const { page, seen, how, model } of PUBLISHED) {
      expect(page).toMatch(/^https:\/\//)
      expect(seen).toMatch(/^\d{4}-\d{2}-\d{2}$/)
      expect(`${model}, ${how}`).toMatch(/[78]B.*requests at once/)
    }
  })

  it('become the speed of each GPU, by the slower where there are two', () => {
    const { a40, l4 } = publishedSpeeds()
    expect(1 / a40.outputSeconds).toBeCloseTo(1016.6, 6)
    expect(1 / l4.outputSeconds).toBeCloseTo(427.5, 6)
  })

  it('are named with their page wherever a bill is made of them', () => {
    for (const { page, seen } of PUBLISHED) expect(GPU_PUBLISHED).toContain(`<${page}>, seen ${seen}`)
  })
})
