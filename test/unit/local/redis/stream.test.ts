import { describe, expect, it } from 'vitest'
import {
  append,
  deliverNew,
  emptyStream,
  idText,
  parseId,
  range,
  undelivered,
} from '../../../../local/redis/stream.ts'

/** A stream with entries of these ids. */
function streamOf(...ids: string[]) {
  const stream = emptyStream()
  for (const id of ids) append(stream, id, ['n', id], 0)
  return stream
}
const idsOf = (entries: ReturnType<typeof range>) => entries.map(({ id }) => idText(id))

describe('ids', () => {
  it('of a clock that stands or goes back are still new', () => {
    const stream = emptyStream()
    expect([5, 5, 3, 6].map((now) => idText(append(stream, '*', [], now)))).toEqual([
      '5-0',
      '5-1',
      '5-2',
      '6-0',
    ])
  })

  it('are refused where they are no later than the last, or no ids', () => {
    const stream = streamOf('5-1')
    for (const id of ['5-1', '5-0', '4-9'])
      expect(() => append(stream, id, [], 0)).toThrow(/equal or smaller/)
    for (const id of ['', 'x', '1-', '1-2-3', '-1']) expect(() => parseId(id, 0)).toThrow('Invalid stream ID')
  })
})

describe('a range', () => {
  it('includes its ends, or does not where they say so', () => {
    const stream = streamOf('1-0', '1-1', '2-0', '3-0')
    expect(idsOf(range(stream, '-', '+'))).toEqual(['1-0', '1-1', '2-0', '3-0'])
    expect(idsOf(range(stream, '1', '2'))).toEqual(['1-0', '1-1', '2-0'])
    expect(idsOf(range(stream, '(1-0', '(3-0'))).toEqual(['1-1', '2-0'])
    expect(idsOf(range(stream, '4', '+'))).toEqual([])
  })
})

describe('a group', () => {
  it('hands each entry to one consumer, who may ask again for what it did not acknowledge', () => {
    const stream = streamOf('1-0', '2-0', '3-0')
    const group = { lastDelivered: parseId('-', 0), pending: new Map() }
    expect(idsOf(deliverNew(stream, group, 'a', 2, 0))).toEqual(['1-0', '2-0'])
    expect(idsOf(deliverNew(stream, group, 'b', 2, 0))).toEqual(['3-0'])
    expect(idsOf(deliverNew(stream, group, 'b', 2, 0))).toEqual([])
    group.pending.delete('1-0')
    expect(idsOf(undelivered(group, 'a', '0', 9))).toEqual(['2-0'])
  })
})
