import { describe, expect, it } from 'vitest'
import { structureOf } from '../../../../inference-host/decoding/structure/structure.ts'
import {
  MOST_INDENTED_BYTES,
  MOST_STRUCTURE_BYTES,
  refuseLargeStructure,
} from '../../../../shared/openai/structure-size.ts'

const tools = (description: string) => [
  { type: 'function' as const, function: { name: 'look', description, parameters: {} } },
]
const size = (value: unknown) => JSON.stringify(value).length
const filled = (bytes: number) => tools('x'.repeat(bytes - size(tools(''))))
const format = { type: 'json_object' as const }
/** A list of numbers under so many brackets that its indented lines have `width` spaces. */
const deep = (levels: number, numbers: number) => {
  let value: unknown = Array(numbers).fill(1)
  for (let i = 0; i < levels; i++) value = [value]
  return [{ type: 'function' as const, function: { name: 'look', parameters: { value } } }]
}

describe('tools and formats', () => {
  it('may take the bytes of the bound, and not one more, whatever is chosen of them', () => {
    for (const tool_choice of ['auto', 'none'] as const) {
      const room = MOST_STRUCTURE_BYTES - size(format)
      expect(() =>
        refuseLargeStructure({ tools: filled(room), response_format: format, tool_choice }),
      ).not.toThrow()
      expect(() =>
        refuseLargeStructure({ tools: filled(room + 1), response_format: format, tool_choice }),
      ).toThrow(expect.objectContaining({ code: 'invalid_request', param: 'response_format' }))
    }
    expect(() => refuseLargeStructure({ tools: filled(MOST_STRUCTURE_BYTES + 1) })).toThrow(
      'at most 65536 bytes of JSON together; here they take 65537',
    )
  })

  it('may be indented to the bytes of the other bound, which short ones under many brackets are beyond', () => {
    const indented = (levels: number, numbers: number) =>
      JSON.stringify(deep(levels, numbers), null, 4).length
    const each = indented(50, 2) - indented(50, 1)
    const most = Math.floor((MOST_INDENTED_BYTES - indented(50, 1)) / each) + 1
    expect(most).toBeGreaterThan(2000)
    expect(size(deep(50, 4000))).toBeLessThan(MOST_STRUCTURE_BYTES / 6)
    expect(() => refuseLargeStructure({ tools: deep(50, most) })).not.toThrow()
    expect(() => refuseLargeStructure({ tools: deep(50, most + 1) })).toThrow('nest them less')
  })

  it('are refused by the host by the same rule, before anything is made of them', () => {
    expect(() => structureOf({ tools: filled(MOST_STRUCTURE_BYTES + 1), tool_choice: 'none' })).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'tools' }),
    )
    expect(structureOf({ tools: filled(MOST_STRUCTURE_BYTES), tool_choice: 'none' })).toBeUndefined()
  })
})
