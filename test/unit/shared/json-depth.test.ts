import { describe, expect, it } from 'vitest'
import { isShallow, MOST_LEVELS, refuseDeep } from '../../../shared/json-depth.ts'
import { refusal } from '../../fixtures/entitled.ts'

/** So many objects in each other. */
const objects = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
const arrays = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

describe('the depth of JSON', () => {
  it.each([objects, arrays])('is bounded to the level', (nested) => {
    expect(isShallow(nested(MOST_LEVELS))).toBe(true)
    expect(isShallow(nested(MOST_LEVELS + 1))).toBe(false)
  })

  it.each([0, '', 'x'.repeat(100_000), null, true])('of %j is none', (value) => {
    expect(isShallow(value)).toBe(true)
  })

  it('names no more of the path than helps', () => {
    const [code, param = ''] = refusal(() => refuseDeep({ ['k'.repeat(200_000)]: objects(100) }))
    expect([code, param.length]).toEqual(['invalid_request', 200])
  })

  it('is found wherever it is, at any depth and any width', () => {
    const wide = Array.from({ length: 100_000 }, (_, i) => i)
    expect(isShallow({ wide, shallow: objects(60) })).toBe(true)
    for (const levels of [64, 1700, 3400, 100_000])
      expect(refusal(() => refuseDeep({ wide, list: [{}, objects(levels)], shallow: 1 }))).toEqual([
        'invalid_request',
        'list[1].a.a.a.a.a.a',
      ])
  })
})
