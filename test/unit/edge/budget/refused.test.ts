import { describe, expect, it } from 'vitest'
import { rateHeaders } from '../../../../edge/access/rate-headers.ts'
import { decisionOf } from '../../../../edge/budget/allowance.ts'
import type { Refusal } from '../../../../edge/budget/port.ts'
import { refused } from '../../../../edge/budget/refused.ts'
import { errorResponse } from '../../../../shared/errors.ts'

const LIMITS = { requestsPerMinute: 5, concurrent: 2, budgets: { minute: 100, day: 200, month: 300 } }
/** Twenty seconds before the end of a minute and of an hour, on the last but one day of a month. */
const AT = Date.UTC(2026, 10, 29, 21, 59, 40)
const HOUR = 3_600_000
const COUNTERS = [
  [100, 100, 0, 20_000],
  [200, 150, 50, 20_000 + 2 * HOUR],
  [300, 300, 0, 20_000 + 26 * HOUR],
].flat()

/** The answer to a request of `units` for which window number `window` is too small. */
async function answerTo(window: number, units: number, code = 'budget_exhausted') {
  const words = [code, 'firebase:demo:ada', 0, 3, ...COUNTERS, window, COUNTERS[4 * window - 1]]
  const refusal = decisionOf(words, LIMITS, units) as Refusal
  const answer = errorResponse(refused(refusal, AT), 'r1')
  const { error } = (await answer.json()) as { error: Record<string, unknown> }
  const headers = refusal.allowance && rateHeaders(refusal.allowance).ratelimit
  return {
    status: answer.status,
    code: error.code,
    type: error.type,
    resets: error.resets_at,
    wait: answer.headers.get('retry-after'),
    headers,
    message: error.message,
  }
}

describe('a request that a budget refuses', () => {
  it.each([
    ['the minute', 1, 429, 'budget_minute_exhausted', '20', '2026-11-29T22:00:00.000Z', 'units-minute'],
    ['the day', 2, 403, 'budget_exhausted', '7220', '2026-11-30T00:00:00.000Z', 'units-day'],
    ['the month', 3, 403, 'budget_exhausted', '93620', '2026-12-01T00:00:00.000Z', 'units-month'],
  ])('of %s', async (_, window, status, code, wait, resets, policy) => {
    const answer = await answerTo(window, 10)
    expect(answer).toMatchObject({ status, code, wait, resets })
    expect(answer.type).toBe(status === 429 ? 'rate_limit_error' : 'permission_error')
    expect(answer.headers).toContain(`"${policy}";r=0;t=${wait}`)
  })

  it('of the project is told to wait too', async () => {
    expect(await answerTo(2, 10, 'project_budget_exhausted')).toMatchObject({
      status: 503,
      code: 'project_budget_exhausted',
      wait: '7220',
      resets: '2026-11-30T00:00:00.000Z',
    })
  })

  it.each([1, 2, 3])('is not told to wait where that would not help, by window %i', async (window) => {
    const answer = await answerTo(window, 101)
    expect(answer).toMatchObject({ status: 403, code: 'budget_exhausted', wait: null, resets: undefined })
    expect(answer.message).toContain('ask for less')
  })

  it('is told the window’s end, whatever the clocks differ by', () => {
    const words = ['budget_exhausted', 'firebase:demo:ada', 0, 3, ...COUNTERS, 2]
    const refusal = decisionOf(words, LIMITS, 10) as Refusal
    for (const late of [-5000, 0, 5000])
      expect(refused(refusal, AT + late).resetsAt).toBe(Date.UTC(2026, 10, 30))
  })
})
