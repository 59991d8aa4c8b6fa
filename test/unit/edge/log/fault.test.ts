import { describe, expect, it } from 'vitest'
import { LedgerAway } from '../../../../edge/ledger/port.ts'
import { codeOf, faultOf } from '../../../../edge/log/fault.ts'
import { TwohopError } from '../../../../shared/errors.ts'
import { hostileErrors } from '../../../fixtures/hostile-errors.ts'

const CANARY = 'canary-4711'
const shown = (thrown: unknown) => JSON.stringify(faultOf(thrown))
const withCode = (code: unknown) => Object.assign(new Error('x'), { code })

describe('what is told of a fault', () => {
  it('is its class, its code and the frames that lead to it, of its causes too', () => {
    const cause = new LedgerAway('57P01', new TypeError('fetch failed'))
    const fault = faultOf(new TwohopError('store_unavailable', 'away', { cause }))
    expect(fault).toMatchObject({
      class: 'TwohopError',
      code: 'store_unavailable',
      cause: { class: 'LedgerAway', code: '57P01', cause: { class: 'TypeError' } },
    })
    expect(fault.stack?.[0]).toMatch(/^(\S+ )?fault\.test\.ts:\d+:\d+$/)
    expect(fault.stack?.length).toBeLessThan(9)
  })

  it('is each error of one that stands for several, and few of many', () => {
    const errors = Array.from({ length: 9 }, () => new RangeError('no'))
    const { errors: told } = faultOf(new AggregateError(errors, 'nine'))
    expect(told?.map((each) => each.class)).toEqual(Array(5).fill('RangeError'))
  })

  it('ends where causes lead in a circle', () => {
    const first = new Error('a')
    first.cause = new Error('b', { cause: first })
    expect(shown(first).match(/"class"/g)).toHaveLength(5)
  })

  it.each([
    ['a text', CANARY, 'string'],
    ['an object', { message: CANARY }, 'object'],
    ['nothing', null, 'null'],
    ['a time-out', new DOMException(CANARY, 'TimeoutError'), 'TimeoutError'],
  ])('is the kind of %s', (_, thrown, kind) => {
    expect(faultOf(thrown).class).toBe(kind)
    expect(shown(thrown)).not.toContain(CANARY)
  })
})

describe('what is never told', () => {
  const lines = `x\n    at ${CANARY} (file.ts:1:2)\n    at https://h/${CANARY}?k=${CANARY}:3:4\nat ${CANARY}:5:6`
  const named = Object.assign(new Error('x'), { name: `A ${CANARY}` })
  const changed = new Error(lines)
  changed.message = 'something else'
  const stacked = new Error('x')
  stacked.stack = `Error: x\n    at https://h/p?token=${CANARY}:1:2\n    at eval (${CANARY})\n${CANARY}`

  it.each([
    ['its message', new Error(CANARY)],
    ['lines of it that look like frames', new Error(lines)],
    ['an older message than it has', changed],
    ["a cause's message", new Error('x', { cause: new Error(lines) })],
    ["a name's text", named],
    ['addresses and whatever else is no frame', stacked],
    ['texts among several errors', new AggregateError([CANARY, new Error(CANARY)], CANARY)],
  ])('is %s', (_, thrown) => expect(shown(thrown)).not.toContain(CANARY))

  it.each([CANARY, 'eyJhbGciOiJFZERTQSJ9.e30.sig', 'https://h/?k=1', 'a_'.repeat(30), 7, undefined])(
    'is a code such as %s',
    (code) => expect(codeOf(withCode(code))).toBeUndefined(),
  )
  it.each(['store_unavailable', 'ECONNREFUSED', 'UND_ERR_SOCKET', '57P01', 'PGRST301', 'http_502'])(
    'is not a code such as %s, which is told',
    (code) => expect(codeOf(withCode(code))).toBe(code),
  )
})

describe('an error that cannot be looked at', () => {
  it.each(hostileErrors(CANARY))('is told of all the same: %s', (_, made) => {
    codeOf(made())
    expect(shown(made())).toMatch(/"class":"Error"/)
    expect(shown(made())).not.toContain(CANARY)
  })

  it('tells no line of a message that was cut after its stack was made', () => {
    for (const message of ['', 'E']) {
      const cut = new Error(`x\n    at my.secret.prompt ${CANARY}.abc:1:1`)
      expect(cut.stack).toContain(CANARY)
      cut.message = message
      expect(shown(cut)).not.toContain('prompt')
    }
  })
})
