// A part of deploy/backup/restore: what Redis had, from the ledger: accounts and API keys, then the counters. With `--check` it only
// says whether that could begin: that the variables are there, and that Redis answers.
import postgres from 'postgres'
import { LEDGER_VARIABLES, REDIS_VARIABLES, readEdgeVariables } from '../../cli/edge-variables.ts'
import { run } from '../../cli/run.ts'
import { type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
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

/** @throws Error that says what Redis says, or that it says nothing */
async function check(redis: UpstashOptions): Promise<void> {
  try {
    await upstashClient(redis).command('PING')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`Redis at UPSTASH_REDIS_REST_URL cannot be asked: ${why}`, { cause })
  }
}

async function restore(redis: UpstashOptions): Promise<void> {
  const restored = await restoreRecords({ sql, redis, now: Date.now })
  context.out(`${restored.accounts} accounts and ${restored.api_keys} API keys put back.\n`)
  for (const month of months()) {
    const code = await run(['reconcile', '--rebuild', '--month', month], context)
    if (code !== 0) process.exitCode = code
  }
}

// Its address is in PGHOST and the others, which the package reads itself.
const sql = postgres({ max: 1, onnotice: () => {}, connect_timeout: 10 })
try {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = readEdgeVariables({
    ...REDIS_VARIABLES,
    ...LEDGER_VARIABLES,
  })
  const redis = { url, token, timeoutMs: 10_000 }
  if (process.argv.includes('--check')) await check(redis)
  else await restore(redis)
} catch (error) {
  context.err(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await sql.end({ timeout: 1 })
}
