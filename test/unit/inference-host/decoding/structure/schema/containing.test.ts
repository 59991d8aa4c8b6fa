import { describe, expect, test } from 'vitest'
import { validator } from '../../../../../fixtures/structure/drive.ts'
import { writer } from '../../../../../fixtures/structure/writer.ts'

/** All arrays of up to four of these. */
const lists = (items: readonly unknown[], length = 4): unknown[][] =>
  length === 0
    ? [[]]
    : [[], ...lists(items, length - 1).flatMap((list) => items.map((item) => [item, ...list]))]

const even = { multipleOf: 2 }

describe('what an array contains is counted as it is written', () => {
  test.each<[string, object, unknown[]]>([
    ['at least one', { items: { enum: [1, 2] }, contains: even }, [1, 2]],
    ['at least two', { items: { enum: [1, 2] }, contains: even, minContains: 2 }, [1, 2]],
    ['at most one', { items: { enum: [1, 2] }, contains: { const: 2 }, maxContains: 1 }, [1, 2]],
    ['none', { items: { enum: [1, 2] }, contains: { const: 2 }, minContains: 0, maxContains: 0 }, [1, 2]],
    ['beside lengths', { items: { enum: [1, 2] }, contains: even, minItems: 2, maxItems: 3 }, [1, 2]],
    [
      'two kinds, of which one item may be both',
      { items: { enum: [1, 2, 3] }, allOf: [{ contains: { minimum: 2 } }, { contains: { maximum: 2 } }] },
      [1, 2, 3],
    ],
    [
      'beside a tuple',
      {
        prefixItems: [{ enum: [1, 2] }, { enum: [1, 3] }],
        minItems: 1,
        items: { enum: [2] },
        contains: { const: 1 },
      },
      [1, 2, 3],
    ],
    ['not', { items: { enum: [1, 2] }, not: { contains: { const: 2 }, minContains: 2 } }, [1, 2]],
  ])('%s', (_, schema, items) => {
    const whole = { type: 'array', ...schema }
    const canWrite = writer(whole)
    const validate = validator().compile(whole)
    for (const list of lists(items)) expect([list, canWrite(list)]).toEqual([list, validate(list)])
  })
})
