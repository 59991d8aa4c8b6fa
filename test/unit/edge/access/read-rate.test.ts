import { describe, expect, it } from 'vitest'
import { createReadRate, READS_PER_MINUTE } from '../../../../edge/access/read-rate.ts'
import type { Payer } from '../../../../edge/budget/port.ts'
import { TwohopError } from '../../../../shared/errors.ts'

const ADA: Payer = { account: 'firebase:ada', issuedAt: 1 }
const KEY: Payer = { key: 'k1', secretHash: 'a', scope: '' }

function rate(capacity?: number) {
  const clock = { ms: 0 }
  const countRead = createReadRate({ now: () => clock.ms, ...(capacity && { capacity }) })
  /** How many of so many reads were served. */
  const served = (payer: Payer, reads: number) =>
    Array.from({ length: reads }).filter(() => {
      try {
        countRead(payer)
        return true
      } catch (thrown) {
        if (thrown instanceof TwohopError && thrown.code === 'rate_limited') return false
        throw thrown
      }
    }).length
  return { clock, countRead, served }
}

describe('reads in an isolate', () => {
  it('are served so many times a minute, and then refused with how long to wait', () => {
    const { clock, countRead, served } = rate()
    expect(served(ADA, READS_PER_MINUTE + 5)).toBe(READS_PER_MINUTE)
    clock.ms = 45_000
    expect(() => countRead(ADA)).toThrow(
      expect.objectContaining({ code: 'rate_limited', retryAfterMs: 15_000 }),
    )
    clock.ms = 60_000
    expect(served(ADA, READS_PER_MINUTE + 5)).toBe(READS_PER_MINUTE)
  })

  it('count for each account, whichever of its tokens is sent, and for each API key', () => {
    const { served } = rate()
    expect(served(ADA, READS_PER_MINUTE)).toBe(READS_PER_MINUTE)
    expect(served({ ...ADA, issuedAt: 2 }, 1)).toBe(0)
    expect(served(KEY, READS_PER_MINUTE + 1)).toBe(READS_PER_MINUTE)
    expect(served({ account: 'firebase:bob', issuedAt: 1 }, 1)).toBe(1)
  })

  it('are remembered of so many callers: the count of the oldest begins anew', () => {
    const { served } = rate(2)
    for (const account of ['a', 'b', 'c']) served({ account, issuedAt: 1 }, READS_PER_MINUTE)
    expect(['a', 'c'].map((account) => served({ account, issuedAt: 1 }, 1))).toEqual([1, 0])
  })
})
