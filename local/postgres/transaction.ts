import type { Sql, TransactionSql } from 'postgres'

/** What a statement fails with whose connection was lost, or whose server ends all connections (SQLSTATE 57P01 to 57P03). */
const LOST = /^(CONNECTION_[A-Z_]+|ECONNRESET|EPIPE|57P0[123])$/

/**
 * Does work in a transaction, as `sql.begin` does.
 *
 * After any failure `postgres` 3.4 writes a `rollback`. Where the connection was lost, it writes that to a socket that is
 * gone: a TypeError outside of every promise, which would end the process. So it is not told of such a failure. It rejects
 * as soon as the connection is closed.
 * @throws what the work throws, and Error CONNECTION_CLOSED
 */
export function inTransaction<T>(
  sql: Sql,
  mode: 'read only' | 'read write',
  work: (transaction: TransactionSql) => Promise<T>,
): Promise<T> {
  return sql.begin(mode, async (transaction) => {
    try {
      return await work(transaction)
    } catch (error) {
      if (LOST.test(String((error as { code?: unknown })?.code))) return new Promise<never>(() => {})
      throw error
    }
  }) as Promise<T>
}
