import { expect, it } from 'vitest'
import { NO_SPAN, passedOn } from '../../../../shared/tracing/port.ts'

it('where nothing is traced, a step makes no object: it is the same, however deep', () => {
  expect(NO_SPAN.traceparent).toBeUndefined()
  expect(NO_SPAN.child('a').child('b', 'client')).toBe(NO_SPAN)
  const result = {}
  expect(NO_SPAN.run(() => result)).toBe(result)
  for (const said of [NO_SPAN.set('a', 1), NO_SPAN.fail('internal'), NO_SPAN.rename('b'), NO_SPAN.end()])
    expect(said).toBeUndefined()
})

it('and what a step throws is thrown', () => {
  expect(() =>
    NO_SPAN.run(() => {
      throw new RangeError('no')
    }),
  ).toThrow('no')
})

it('a trace that is not kept is passed on by every step, as it came', () => {
  const span = passedOn({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false })
  expect(span.traceparent).toBe(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`)
  expect(span.child('a')).toBe(span)
})
