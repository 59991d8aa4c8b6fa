import { readdir, readFile } from 'node:fs/promises'
import type { Sql } from 'postgres'

const MIGRATIONS = new URL('../../supabase/migrations/', import.meta.url)

/**
 * Runs every migration in the order of its name, each in a transaction of its own, as the role that owns them.
 * Returns how many there are.
 * @throws Error that names the file and what PostgreSQL said
 */
export async function migrate(sql: Sql): Promise<number> {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort()
  for (const name of names) {
    const text = await readFile(new URL(name, MIGRATIONS), 'utf8')
    await sql
      .begin(async (transaction) => {
        await transaction.unsafe('set local role postgres')
        await transaction.unsafe(text)
      })
      .catch((cause: Error) => {
        throw new Error(`${name}: ${cause.message}`, { cause })
      })
  }
  return names.length
}
