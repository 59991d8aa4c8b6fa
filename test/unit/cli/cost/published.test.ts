import { describe, expect, it } from 'vitest'
import { BANDWIDTH, PUBLISHED, publishedSpeeds } from '../../../../cli/cost/published.ts'

describe('throughputs that others published', () => {
  it('have a page, the day on which it was seen, and what was measured', () => {
    expect(PUBLISHED.length).toBeGreaterThan(1)
    for (const { page, seen, how, model } of PUBLISHED) {
      expect(page).toMatch(/^https:\/\//)
      expect(seen).toMatch(/^\d{4}-\d{2}-\d{2}$/)
      expect(`${model}, ${how}`).toMatch(/[78]B.*requests at once/)
    }
  })

  it('become the speed of the slower model, and that of an L4 by its bandwidth', () => {
    const { a40, l4 } = publishedSpeeds()
    expect(1 / a40.outputSeconds).toBeCloseTo(1016.6, 6)
    expect(1 / l4.outputSeconds).toBeCloseTo((1016.6 * BANDWIDTH.l4) / BANDWIDTH.a40, 6)
  })
})
