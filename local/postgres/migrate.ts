import { readdir, readFile } from 'node:fs/promises'
import type { Sql } from 'postgres'
import { inTransaction } from './transaction.ts'

/** The schema that the migrations make, and the REST API serves. */
export const EXPOSED_SCHEMA = 'twohop'

export const MIGRATIONS = new URL('../../supabase/migrations/', import.meta.url)

/** Names of the migrations' files, in the order in which they run. */
export async function migrationNames(): Promise<string[]> {
  return (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort()
}

/**
 * Runs every migration in the order of its name, each in a transaction of its own, as the role that is to own them.
 * Returns how many there are.
 * @throws Error that names the file and what PostgreSQL said
 */
export async function migrate(sql: Sql, owner = 'postgres'): Promise<number> {
  const names = await migrationNames()
  for (const name of names) {
    const text = await readFile(new URL(name, MIGRATIONS), 'utf8')
    await inTransaction(sql, 'read write', async (transaction) => {
      await transaction`select set_config('role', ${owner}, true)`
      await transaction.unsafe(text)
    }).catch((cause: Error) => {
      throw new Error(`${name}: ${cause.message}`, { cause })
    })
  }
  return names.length
}
