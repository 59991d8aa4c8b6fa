import { describe, expect, it } from 'vitest'
import { createKeyMemory } from '../../../../edge/access/key-memory.ts'
import type { PresentedApiKey } from '../../../../edge/identity/principal.ts'
import { type ErrorCode, TwohopError } from '../../../../shared/errors.ts'

const key = (id: string, secretHash = 'a'): PresentedApiKey => ({ issuer: 'key', id, secretHash })
const error = (code: ErrorCode) => new TwohopError(code, `it is ${code}`)

function memory(capacity = 100) {
  const clock = { ms: 0 }
  const { refuseKnown, learn } = createKeyMemory({ now: () => clock.ms, capacity })
  const said = (which: PresentedApiKey, address?: string) => {
    try {
      refuseKnown(which, address)
      return 'ask the store'
    } catch (thrown) {
      return (thrown as TwohopError).code
    }
  }
  return { clock, refuseKnown, learn, said }
}

describe('what an isolate remembers of API keys', () => {
  it.each([
    ['key_revoked', 600_000],
    ['key_expired', 600_000],
    ['key_invalid', 5000],
  ] as const)('%s is repeated for %d ms, however often it is asked for, and then asked again', (code, ms) => {
    const { clock, learn, said } = memory()
    learn(key('k'), undefined, error(code))
    for (clock.ms = 0; clock.ms < ms; clock.ms += ms / 10) {
      expect(said(key('k'))).toBe(code)
      // As the app does with what was thrown from memory.
      learn(key('k'), undefined, error(code))
    }
    expect(said(key('k'))).toBe('ask the store')
  })

  it.each<ErrorCode>([
    'account_suspended',
    'scope_missing',
    'rate_limited',
    'store_unavailable',
    'plan_unknown',
  ])('%s is not: it may end at once', (code) => {
    const { learn, said } = memory()
    learn(key('k'), undefined, error(code))
    learn(key('k'), undefined, new Error('what nobody foresaw'))
    expect(said(key('k'))).toBe('ask the store')
  })

  it('is of one secret: nobody has a key refused by its id', () => {
    const { learn, said } = memory()
    learn(key('k', 'wrong'), undefined, error('key_invalid'))
    expect(said(key('k', 'right'))).toBe('ask the store')
  })

  it('lets an address look up 20 keys a minute that are not there; keys that worked lately go on there, and other addresses', () => {
    const { clock, learn, said, refuseKnown } = memory()
    learn(key('good'), '192.0.2.1', undefined)
    for (let i = 0; i < 20; i++) {
      expect(said(key(`k${i}`), '192.0.2.1')).toBe('ask the store')
      learn(key(`k${i}`), '192.0.2.1', error('key_invalid'))
    }
    clock.ms = 20_000
    expect(said(key('another'), '192.0.2.1')).toBe('rate_limited')
    expect(() => refuseKnown(key('another'), '192.0.2.1')).toThrow(
      expect.objectContaining({ retryAfterMs: 40_000 }),
    )
    expect(said(key('good'), '192.0.2.1')).toBe('ask the store')
    expect(said(key('another'), '192.0.2.2')).toBe('ask the store')
    expect(said(key('another'))).toBe('ask the store')
    clock.ms = 60_000
    expect(said(key('another'), '192.0.2.1')).toBe('ask the store')
  })

  it('counts no key twice, and nobody whose address is not known', () => {
    const { learn, said } = memory()
    for (let i = 0; i < 100; i++) {
      learn(key('k'), '192.0.2.1', error('key_invalid'))
      learn(key(`k${i}`), undefined, error('key_invalid'))
    }
    expect(said(key('another'), '192.0.2.1')).toBe('ask the store')
    expect(said(key('another'))).toBe('ask the store')
  })

  it.each<ErrorCode>(['key_expired', 'key_revoked'])(
    'holds nobody off behind an address where many have %s: each is asked for once',
    (code) => {
      const { learn, said } = memory(1000)
      for (let i = 0; i < 500; i++) {
        expect(said(key(`k${i}`), '192.0.2.1')).toBe('ask the store')
        learn(key(`k${i}`), '192.0.2.1', error(code))
        expect(said(key(`k${i}`), '192.0.2.1')).toBe(code)
      }
      expect(said(key('a new one'), '192.0.2.1')).toBe('ask the store')
    },
  )

  it('is bounded: the oldest is forgotten', () => {
    const { learn, said } = memory(2)
    for (const id of ['a', 'b', 'c']) learn(key(id), undefined, error('key_revoked'))
    expect(['a', 'b', 'c'].map((id) => said(key(id)))).toEqual([
      'ask the store',
      'key_revoked',
      'key_revoked',
    ])
  })
})
