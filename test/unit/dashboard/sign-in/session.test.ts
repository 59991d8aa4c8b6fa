import type { RequestListener } from 'node:http'
import { expect, it, vi } from 'vitest'
import { NO_CALLS } from '../../../../dashboard/sign-in/calls.ts'
import { type Kept, sessionOf, signInWith } from '../../../../dashboard/sign-in/session.ts'
import { answering, NOBODY, withJson } from '../../../fixtures/answering.ts'

async function supabaseThat(answer: RequestListener) {
  return { ...NO_CALLS, supabase: { token: `${await answering(answer)}/auth/v1/token`, key: 'public' } }
}
const keptAt = (calls: typeof NO_CALLS): Kept => ({
  ...{ kind: 'supabase', label: 'me', token: 'old', refresh: 'r1', calls },
})

it('is refreshed where that is asked for, and kept with what replaces it', async () => {
  const calls = await supabaseThat((_, answer) =>
    withJson(answer, 200, { access_token: 'new', refresh_token: 'r2' }),
  )
  const replace = vi.fn()
  const session = sessionOf(keptAt(calls), replace)
  expect([await session.token(false), await session.token(true), await session.token(false)]).toEqual([
    'old',
    'new',
    'new',
  ])
  expect(replace.mock.calls).toEqual([
    [keptAt(calls), expect.objectContaining({ token: 'new', refresh: 'r2' })],
  ])
})

it('ends where the platform has ended it, and not where the platform is away', async () => {
  const ended = await supabaseThat((_, answer) => withJson(answer, 400, { error_code: 'session_expired' }))
  expect(await sessionOf(keptAt(ended), vi.fn()).token(true)).toBeNull()
  const away = { ...NO_CALLS, supabase: { token: NOBODY, key: 'public' } }
  await expect(sessionOf(keptAt(away), vi.fn()).token(true)).rejects.toThrow('The sign-in is not reached.')
})

it('a pasted one cannot be refreshed', async () => {
  expect(await sessionOf({ kind: 'pasted', label: '', token: 't' }, vi.fn()).token(true)).toBeNull()
})

it.each([
  [400, { error_code: 'invalid_credentials', msg: 'x' }, 'No account has this e-mail address and password.'],
  [
    400,
    { error: { message: 'INVALID_LOGIN_CREDENTIALS' } },
    'No account has this e-mail address and password.',
  ],
  [400, { error_code: 'email_not_confirmed', msg: 'Email not confirmed' }, 'Email not confirmed'],
  [429, { code: 429, message: 'Too many' }, 'Too many'],
  [503, {}, 'The sign-in answered 503.'],
  [200, { else: 1 }, 'The sign-in answered in a form that this page does not know.'],
])('%d %j is told as: %s', async (status, said, words) => {
  const calls = await supabaseThat((_, answer) => withJson(answer, status, said))
  await expect(signInWith('supabase', calls, 'a@example.com', 'p')).rejects.toThrow(words)
})
