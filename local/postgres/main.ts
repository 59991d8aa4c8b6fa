import { constants, setPriority } from 'node:os'
import { runPart } from '../run-part.ts'
import { openPostgres } from './start.ts'

/**
 * The local Postgres as a process of its own. It reads SUPABASE_URL (the local issuer's, required), POSTGRES_PREFER
 * (auto, installed or embedded; default auto) and POSTGRES_PORT of its REST API (default 0, any free one). It sends its
 * parent `{type: 'ready', url, publishableKey, secretKey, kind}` as soon as the REST API listens. The first request
 * there starts the database, and is answered 503. A line is printed when the database is up.
 */
const { SUPABASE_URL: supabaseUrl, POSTGRES_PREFER: prefer = 'auto', POSTGRES_PORT = '0' } = process.env

await runPart('postgres', async () => {
  if (prefer !== 'auto' && prefer !== 'installed' && prefer !== 'embedded')
    throw new Error(`POSTGRES_PREFER is auto, installed or embedded, not ${prefer}`)
  if (!supabaseUrl) throw new Error('SUPABASE_URL is not set')
  const running = await openPostgres({ supabaseUrl, port: Number(POSTGRES_PORT), prefer })
  const { url, publishableKey, secretKey, kind, up } = running
  // From here on nobody waits for this process, so where cores are few, answers get them first. The server inherits the
  // priority.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
  const failed = up.then(
    (database) => {
      process.stdout.write(`up as process ${database.pid}\n`)
      return database.failed
    },
    (error: Error) => error,
  )
  return { ready: { url, publishableKey, secretKey, kind }, failed, stop: () => running.stop() }
})
