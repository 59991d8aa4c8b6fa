import { runPart } from '../run-part.ts'
import { startPostgres } from './start.ts'

/**
 * The local Postgres as a process of its own. Reads SUPABASE_URL (the local issuer's, needed), POSTGRES_PREFER (auto,
 * installed or embedded; default auto) and POSTGRES_PORT of its REST API (default 0, any free one). Tells its parent
 * `{type: 'ready', url, publishableKey, secretKey, kind, pid}`.
 */
const { SUPABASE_URL: supabaseUrl, POSTGRES_PREFER: prefer = 'auto', POSTGRES_PORT = '0' } = process.env

await runPart('postgres', async () => {
  if (prefer !== 'auto' && prefer !== 'installed' && prefer !== 'embedded')
    throw new Error(`POSTGRES_PREFER is auto, installed or embedded, not ${prefer}`)
  if (!supabaseUrl) throw new Error('SUPABASE_URL is not set')
  const running = await startPostgres({ supabaseUrl, port: Number(POSTGRES_PORT), prefer })
  const { url, publishableKey, secretKey, kind, pid, failed } = running
  return { ready: { url, publishableKey, secretKey, kind, pid }, failed, stop: () => running.stop() }
})
