// A part of deploy/backup/restore: accounts and API keys from the ledger back into Redis.
import postgres from 'postgres'
import { REDIS_VARIABLES, readEdgeVariables } from '../../cli/edge-variables.ts'
import { restoreRecords } from './records.ts'

const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = readEdgeVariables(REDIS_VARIABLES)
// Its address is in PGHOST and the others, which the package reads itself.
const sql = postgres({ max: 1, onnotice: () => {}, connect_timeout: 10 })
try {
  const { accounts, api_keys } = await restoreRecords({
    sql,
    redis: { url, token, timeoutMs: 10_000 },
    now: Date.now,
  })
  process.stdout.write(`${accounts} accounts and ${api_keys} API keys put back.\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await sql.end({ timeout: 1 })
}
