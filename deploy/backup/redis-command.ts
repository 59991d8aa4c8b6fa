// A part of deploy/backup/restore: what Redis had, from the ledger: accounts and API keys, then the counters.
import postgres from 'postgres'
import { REDIS_VARIABLES, readEdgeVariables } from '../../cli/edge-variables.ts'
import { run } from '../../cli/run.ts'
import { restoreRecords } from './records.ts'

const context = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
  colour: false,
  signal: new AbortController().signal,
}

/** The last UTC month and this one: months of accounts with a billing day may have begun in the last. */
function months(): string[] {
  const now = new Date()
  return [-1, 0].map((ago) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ago)).toISOString().slice(0, 7),
  )
}

// Its address is in PGHOST and the others, which the package reads itself.
const sql = postgres({ max: 1, onnotice: () => {}, connect_timeout: 10 })
try {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = readEdgeVariables(REDIS_VARIABLES)
  const restored = await restoreRecords({ sql, redis: { url, token, timeoutMs: 10_000 }, now: Date.now })
  context.out(`${restored.accounts} accounts and ${restored.api_keys} API keys put back.\n`)
  for (const month of months()) {
    const code = await run(['reconcile', '--rebuild', '--month', month], context)
    if (code !== 0) process.exitCode = code
  }
} catch (error) {
  context.err(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await sql.end({ timeout: 1 })
}
