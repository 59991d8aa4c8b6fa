import postgres from 'postgres'
import { expect, it } from 'vitest'
import { failureOf } from '../../../local/postgres/rest/failure.ts'

it.each(['EPIPE', 'ECONNRESET', 'CONNECTION_CLOSED'])(
  'a connection that broke with %s is no SQLSTATE',
  (code) => {
    expect(failureOf(Object.assign(new Error(`write ${code}`), { code }), false)).toMatchObject({
      status: 503,
      body: { code: 'PGRST001' },
    })
  },
)

it("what PostgreSQL says is handed on with PostgREST's status", () => {
  const thrown = new postgres.PostgresError('denied')
  Object.assign(thrown, { code: '42501', message: 'denied' })
  expect([failureOf(thrown, true).status, failureOf(thrown, false).status]).toEqual([401, 403])
  expect(failureOf(thrown, true).body).toEqual({
    code: '42501',
    message: 'denied',
    details: null,
    hint: null,
  })
})
