import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonBytes, stringBytes } from '../../../shared/json-bytes.ts'
import { toolPromptBytes, toolText, toolTextBytes } from '../../../shared/openai/tool-text.ts'

const utf8Bytes = (text: string) => new TextEncoder().encode(text).length
/** JSON on one line with a space after each comma and colon: indented by one, without the lines. */
const spaced = (value: unknown) =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === 'string' ? one.replace(/\n/g, '\\n') : one), 1)
    .replace(/([[{])\n +/g, '$1')
    .replace(/\n *([\]}])/g, '$1')
    .replace(/\n +/g, ' ')

/** Whatever JSON.parse can give, with texts of every kind of character, half surrogate pairs among them. */
const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 })
const odd = fc.oneof(
  json,
  fc.constantFrom(
    Number.POSITIVE_INFINITY,
    -0,
    1e21,
    1e-7,
    5e-324,
    123456789012345680000,
    '\ud800',
    '\udc00\ud800x',
    '\u2028',
  ),
  fc.array(fc.oneof(json, fc.constant(undefined))),
  fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(json, fc.constant(undefined))),
)

describe('the bytes of JSON', () => {
  it('are those of what JSON.stringify prints, at any indentation', () => {
    fc.assert(
      fc.property(odd, fc.integer({ min: 0, max: 8 }), (value, indent) => {
        expect(jsonBytes(value, { indent })).toBe(utf8Bytes(JSON.stringify(value, null, indent)))
      }),
      { numRuns: 500 },
    )
  })

  it('are those of one line with spaces, as templates print it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: fc.constantFrom('a', ',', ':', 'é') }), (value) => {
        expect(jsonBytes(value, { spaced: true })).toBe(utf8Bytes(spaced(value)))
      }),
    )
    expect(jsonBytes({ a: [1, 'b, c'], d: {} }, { spaced: true })).toBe('{"a": [1, "b, c"], "d": {}}'.length)
  })

  it('are those of each character in a string', () => {
    for (let unit = 0; unit < 0x10000; unit++) {
      const text = String.fromCharCode(unit)
      if (stringBytes(text) !== utf8Bytes(JSON.stringify(text))) expect(unit.toString(16)).toBe('right')
    }
    expect(stringBytes('😀')).toBe(6)
  })

  it('of tools are those of the text that explains them', () => {
    const tool = fc.record({
      type: fc.constant('function' as const),
      function: fc.record(
        {
          name: fc.constantFrom('look', 'find_it'),
          description: fc.string({ unit: 'binary' }),
          parameters: fc.dictionary(fc.string(), json),
        },
        { requiredKeys: ['name'] },
      ),
    })
    fc.assert(
      fc.property(fc.array(tool, { minLength: 1, maxLength: 4 }), (tools) => {
        expect(toolTextBytes(tools)).toBe(utf8Bytes(toolText(tools)))
        expect(toolPromptBytes(tools)).toBe(
          2000 + Math.max(utf8Bytes(toolText(tools)), utf8Bytes(JSON.stringify(tools, null, 4))),
        )
      }),
    )
  })
})

it('are counted in a heap that could not hold them', () => {
  // 100,000 numbers under 60 brackets: 200 kB, which take 25 MB indented.
  const module = new URL('../../../shared/json-bytes.ts', import.meta.url).href
  const script = `
    import { jsonBytes } from ${JSON.stringify(module)}
    const value = JSON.parse('['.repeat(60) + Array(100000).fill(1).join(',') + ']'.repeat(60))
    console.log(jsonBytes(value, { indent: 4 }))`
  const child = spawnSync(
    process.execPath,
    ['--max-old-space-size=12', '--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  )
  const closing = Array.from({ length: 60 }, (_, depth) => 1 + 4 * depth + 1).reduce((a, b) => a + b)
  const opening = Array.from({ length: 59 }, (_, depth) => 1 + 1 + 4 * (depth + 1)).reduce((a, b) => a + b)
  expect([child.status, Number(child.stdout)]).toEqual([
    0,
    1 + opening + closing + 100_000 * (241 + 1) + 99_999,
  ])
})
