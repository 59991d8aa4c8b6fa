import { describe, expect, it } from 'vitest'
import { keepApart } from '../../../../inference-host/encoding/apart.ts'
import type { Row } from '../../../../inference-host/encoding/encoder.ts'
import { TwohopError } from '../../../../shared/errors.ts'

const row = (name: string) => ({ name }) as unknown as Row
const tooLong = new TwohopError('context_length_exceeded', 'It has 600 tokens.')
/** Two inputs for each of two items, as pairs of texts have them. */
const inputs = ['inputs[0]', 'inputs[0]', 'inputs[1]', 'inputs[1]'].map((field) => ({ text: '', field }))

describe('inputs that are refused', () => {
  it('are none where each fits, and then nothing changes', () => {
    const rows = ['a', 'b', 'c', 'd'].map(row)
    const { kept, items } = keepApart(inputs, rows)
    expect(kept).toEqual(rows.map((each, index) => ({ row: each, index })))
    expect(items(['1', '2'])).toEqual(['1', '2'])
  })

  it('take the rest of their item with them, and stand in its place', () => {
    const { kept, items } = keepApart(inputs, [tooLong, row('b'), row('c'), row('d')])
    expect(kept.map(({ index }) => index)).toEqual([2, 3])
    expect(items([undefined as never, '2'])).toEqual([
      '{"error":{"code":"context_length_exceeded","message":"It has 600 tokens."}}',
      '2',
    ])
  })

  it('are thrown, the first of them, where no item is left', () => {
    const other = new TwohopError('prompt_exceeds_reservation', 'no')
    expect(() => keepApart(inputs, [row('a'), tooLong, other, row('d')])).toThrow(tooLong)
    expect(() => keepApart(inputs.slice(0, 1), [tooLong])).toThrow(tooLong)
  })
})
