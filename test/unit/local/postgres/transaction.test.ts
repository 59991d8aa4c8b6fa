import type { Sql, TransactionSql } from 'postgres'
import { expect, it } from 'vitest'
import { inTransaction } from '../../../../local/postgres/transaction.ts'

// That a real Postgres which ends all its processes ends nothing else is seen by test/faults/postgres-stopped.test.ts.

/** As `postgres` does: what comes first of the work's end and the connection's; after a failure it would write once more. */
function connection() {
  const { promise: closed, reject: close } = Promise.withResolvers<never>()
  const written: string[] = []
  const begin = async (mode: string, work: (sql: TransactionSql) => Promise<unknown>) => {
    written.push(`begin ${mode}`)
    const own = work({} as TransactionSql).catch((error) => {
      written.push('rollback')
      throw error
    })
    return Promise.race([own, closed])
  }
  return { sql: { begin } as unknown as Sql, close, written }
}
const failed = (code: string) => Object.assign(new Error(code), { code })

it('gives what the work gives, and throws what it throws after a rollback', async () => {
  const { sql, written } = connection()
  expect(await inTransaction(sql, 'read only', async () => 7)).toBe(7)
  const denied = failed('42501')
  await expect(
    inTransaction(sql, 'read write', async () => {
      throw denied
    }),
  ).rejects.toBe(denied)
  expect(written).toEqual(['begin read only', 'begin read write', 'rollback'])
})

it.each(['CONNECTION_CLOSED', 'CONNECTION_DESTROYED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03'])(
  'writes no rollback after %s, and fails once the connection is closed',
  async (code) => {
    const { sql, close, written } = connection()
    const done = inTransaction(sql, 'read write', async () => {
      throw failed(code)
    })
    const lost = failed('CONNECTION_CLOSED')
    close(lost)
    await expect(done).rejects.toBe(lost)
    expect(written).toEqual(['begin read write'])
  },
)
