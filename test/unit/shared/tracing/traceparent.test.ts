import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatTraceparent,
  parseTraceparent,
  type TraceParent,
  unsampled,
} from '../../../../shared/tracing/traceparent.ts'

const hex = (digits: number) =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits })
    .filter((text) => /[^0]/.test(text))
const parents: fc.Arbitrary<TraceParent> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  sampled: fc.boolean(),
})

describe('a traceparent', () => {
  it('that was written is read as it was', () => {
    fc.assert(
      fc.property(parents, (parent) => {
        const header = formatTraceparent(parent)
        expect(header).toHaveLength(55)
        expect(parseTraceparent(header)).toEqual(parent)
      }),
    )
  })

  it('with other flags is kept by its first bit alone', () => {
    fc.assert(
      fc.property(parents, fc.integer({ min: 0, max: 255 }), (parent, flags) => {
        const header = formatTraceparent(parent).slice(0, -2) + flags.toString(16).padStart(2, '0')
        expect(parseTraceparent(header)).toEqual({ ...parent, sampled: flags % 2 === 1 })
      }),
    )
  })

  it('of a later version is read as far as it is known, and may say more', () => {
    fc.assert(
      fc.property(parents, fc.integer({ min: 1, max: 254 }), fc.boolean(), (parent, version, more) => {
        const later = version.toString(16).padStart(2, '0') + formatTraceparent(parent).slice(2)
        expect(parseTraceparent(more ? `${later}-more` : later)).toEqual(parent)
      }),
    )
  })

  it('that is not quite one is ignored', () => {
    const header = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    expect(parseTraceparent(header)?.sampled).toBe(true)
    for (const wrong of [
      '',
      header.toUpperCase(),
      ` ${header}`,
      `${header} `,
      `${header}-more`,
      `${header}\n`,
      `ff${header.slice(2)}`,
      header.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
      header.replace('00f067aa0ba902b7', '0'.repeat(16)),
      header.slice(0, -1),
      `01${header.slice(2)}more`,
      `01${header.slice(2)}-${'a'.repeat(300)}`,
      `${header},${header}`,
    ])
      expect(parseTraceparent(wrong), wrong).toBeUndefined()
    expect(parseTraceparent(null)).toBeUndefined()
  })

  it('of any other text is ignored, and nothing is thrown', () => {
    fc.assert(fc.property(fc.string({ maxLength: 80 }), (text) => void parseTraceparent(text)))
    fc.assert(
      fc.property(parents, fc.nat(54), fc.constantFrom('g', 'A', ' ', '-', 'é'), (parent, at, put) => {
        const header = formatTraceparent(parent)
        if (header[at] === put) return
        expect(parseTraceparent(header.slice(0, at) + put + header.slice(at + 1))).toBeUndefined()
      }),
    )
  })
})

it('a span that nobody keeps has ids of its own, each time others', () => {
  const [one, other] = [unsampled(), unsampled()]
  expect(parseTraceparent(formatTraceparent(one))).toEqual({ ...one, sampled: false })
  expect(one.traceId).not.toBe(other.traceId)
  expect(one.spanId).not.toBe(other.spanId)
})
