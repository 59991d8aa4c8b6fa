import { InvalidArgumentError } from 'commander'
import { expect, it } from 'vitest'
import { decimal, whole } from '../../../cli/numbers.ts'

it('reads whole numbers between both ends, these included', () => {
  expect(['1', '007', '31'].map(whole(1, 31))).toEqual([1, 7, 31])
  for (const text of ['0', '32', '-1', '1.5', '1e1', '0x1', ' 1', '', 'one', '99999999999999999999'])
    expect(() => whole(1, 31)(text), text).toThrow(InvalidArgumentError)
})

it('reads decimal numbers between both ends, these included', () => {
  expect(['0', '2.5', '10.0'].map(decimal(0, 10))).toEqual([0, 2.5, 10])
  for (const text of ['10.1', '-0.5', '.5', '5.', '1e1', 'NaN', 'Infinity', ''])
    expect(() => decimal(0, 10)(text), text).toThrow(InvalidArgumentError)
})
