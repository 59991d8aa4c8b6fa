import { expect, it } from 'vitest'
import { ERRORS } from '../../../../../shared/errors.ts'

type Told = { code: string; message: string; requestId: string; resetsAt?: Date; retryAfterSeconds?: number }

// By a path that the compiler does not follow: the example's packages need not be installed.
const path = new URL('../../../../../examples/extension/src/sentences.ts', import.meta.url).href
const { SENTENCES, sentenceFor }: { SENTENCES: object; sentenceFor: (error: Told) => string } = await import(
  path
)

const CODES = Object.keys(ERRORS).filter((code) => !code.startsWith('service_token_'))
const told = (code: string, more: Partial<Told> = {}) =>
  sentenceFor({ code, message: 'As the server says it.', requestId: 'r', ...more })

it('every code that a user can meet has a sentence, and no other', () => {
  expect(CODES.length).toBeGreaterThan(50)
  expect(Object.keys(SENTENCES).sort()).toEqual(CODES.sort())
})

it.each(CODES)('%s is told in a plain sentence', (code) => {
  for (const more of [{}, { resetsAt: new Date('2026-12-01T00:00:00Z'), retryAfterSeconds: 7 }]) {
    const sentence = told(code, more)
    expect(sentence).toMatch(/^[A-Z].{15,}[.?]$/)
    expect(sentence.replace('ALLOWED_ORIGINS', '')).not.toMatch(/undefined|Invalid|_/)
    expect(sentence).not.toBe('As the server says it.')
  }
})

it('says how long to wait, and when a budget begins anew', () => {
  expect(told('rate_limited', { retryAfterSeconds: 1 })).toMatch(/go on in 1 second\.$/)
  expect(told('host_busy', { retryAfterSeconds: 30 })).toMatch(/try again in 30 seconds\.$/)
  expect(told('budget_minute_exhausted', { retryAfterSeconds: 300 })).toMatch(/go on in 5 minutes\.$/)
  expect(told('budget_exhausted', { resetsAt: new Date(2026, 11, 1, 0, 0) })).toMatch(
    /begins anew on Tuesday, December 1 at 00:00\.$/,
  )
  expect(told('budget_exhausted')).toBe(
    'This is more than your budget allows at once. Select a shorter part.',
  )
})

it('passes on what an edge with newer codes says', () => {
  expect(told('a_code_of_next_year')).toBe('As the server says it.')
  expect(told('constructor')).toBe('As the server says it.')
})
