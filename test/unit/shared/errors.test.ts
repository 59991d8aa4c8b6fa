import { expect, it } from 'vitest'
import { ERRORS, type ErrorCode, errorResponse, TwohopError } from '../../../shared/errors.ts'

const codes = Object.keys(ERRORS) as ErrorCode[]

/** `x-should-retry` and `Retry-After` of an error's answer. */
function told(code: ErrorCode, retryAfterMs?: number) {
  const evidence = retryAfterMs === undefined ? {} : { retryAfterMs }
  const { headers } = errorResponse(new TwohopError(code, 'no', evidence), 'r1')
  return [headers.get('x-should-retry'), headers.get('retry-after')]
}

/** The codes whose answers say that of another try. */
const saying = (again: string | null) => codes.filter((code) => told(code)[0] === again)

it('another try by itself helps with an expired token alone, and may where something passes', () => {
  expect(saying('true')).toEqual(['token_expired'])
  expect(saying(null)).toEqual([
    ...['idempotency_in_progress', 'body_timeout'],
    ...[
      'rate_limited',
      'budget_minute_exhausted',
      'too_many_concurrent',
      'too_many_jobs',
      'job_storage_full',
    ],
    ...[
      'internal',
      'host_failed',
      'project_budget_exhausted',
      'store_unavailable',
      'ledger_unavailable',
      'guard_unavailable',
      'job_store_full',
    ],
    ...[
      'jobs_not_served',
      'keys_unavailable',
      'host_unavailable',
      'host_busy',
      'host_not_ready',
      'host_timeout',
    ],
  ])
  for (const code of ['budget_exhausted', 'account_suspended', 'idempotency_key_reused', 'not_configured'])
    expect(saying('false')).toContain(code)
})

it.each<[ErrorCode, number | undefined, string | null, string | null]>([
  ['rate_limited', undefined, null, '1'],
  ['rate_limited', 59_001, null, '60'],
  ['rate_limited', 60_001, 'false', '61'],
  ['project_budget_exhausted', 7_220_000, 'false', '7220'],
  ['budget_exhausted', 20_000, 'false', '20'],
  ['budget_exhausted', undefined, 'false', null],
  ['idempotency_in_progress', 1000, null, '1'],
  ['host_not_ready', 300_000, 'false', '300'],
  ['not_configured', 60_000, 'false', '60'],
])('%s with a wait of %s ms: try again %s, after %s s', (code, waitMs, again, seconds) => {
  expect(told(code, waitMs)).toEqual([again, seconds])
})

it('a method that the path does not take comes with those that it takes', () => {
  const error = new TwohopError('method_not_allowed', 'no', { allow: ['POST', 'OPTIONS'] })
  const answer = errorResponse(error, 'r1')
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
})
