import { constants, setPriority } from 'node:os'
import { runPart } from '../run-part.ts'
import { openPostgres } from './start.ts'

/**
 * The local Postgres as a process of its own. Reads SUPABASE_URL (the local issuer's, needed), POSTGRES_PREFER (auto,
 * installed or embedded; default auto) and POSTGRES_PORT of its REST API (default 0, any free one). Tells its parent
 * `{type: 'ready', url, publishableKey, secretKey, kind}` as soon as the REST API listens. The database starts with the
 * first request there, which is answered 503, and a line is printed when it is up.
 */
const { SUPABASE_URL: supabaseUrl, POSTGRES_PREFER: prefer = 'auto', POSTGRES_PORT = '0' } = process.env

await runPart('postgres', async () => {
  if (prefer !== 'auto' && prefer !== 'installed' && prefer !== 'embedded')
    throw new Error(`POSTGRES_PREFER is auto, installed or embedded, not ${prefer}`)
  if (!supabaseUrl) throw new Error('SUPABASE_URL is not set')
  const running = await openPostgres({ supabaseUrl, port: Number(POSTGRES_PORT), prefer })
  const { url, publishableKey, secretKey, kind, up } = running
  // From here on nobody waits for it: answers come first where cores are few. The server inherits it.
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
