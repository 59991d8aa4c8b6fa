import { randomBytes } from 'node:crypto'
import { createLocalJWKSet } from 'jose'
import postgres from 'postgres'
import * as z from 'zod'
import { LongSecret, Port, readEnvironment, sayListening } from '../read-environment.ts'
import { runPart } from '../run-part.ts'
import { EXPOSED_SCHEMA, migrate } from './migrate.ts'
import { startRest } from './rest/front.ts'

/**
 * The ledger in a PostgreSQL of one's own, as a process: it runs the migrations, and serves the REST calls of the edge on
 * loopback alone, since it speaks no TLS. It reads LEDGER_KEY (required, 32 characters or more: the edge's
 * LEDGER_SUPABASE_KEY), LEDGER_PORT (default 8077), and PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE of a superuser.
 */
const { LEDGER_KEY, LEDGER_PORT, PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE } = process.env
const given = { LEDGER_KEY, LEDGER_PORT, PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE }
const Environment = z.object({
  LEDGER_KEY: LongSecret,
  LEDGER_PORT: Port.default(8077),
  PGHOST: z.string().min(1).default('127.0.0.1'),
  PGPORT: Port.default(5432),
  PGUSER: z.string().min(1).default('postgres'),
  PGPASSWORD: z.string('must be set').min(1, 'must be set'),
  PGDATABASE: z.string().min(1).default('postgres'),
})

/** Connections for requests. */
const CONNECTIONS = 8

await runPart('ledger', async () => {
  const data = readEnvironment(Environment, given)
  const address = {
    ...{ host: data.PGHOST, port: data.PGPORT, database: data.PGDATABASE },
    onnotice: () => {},
  }
  const owner = postgres({ ...address, user: data.PGUSER, password: data.PGPASSWORD, max: 1 })
  // What signs in for requests may only switch to other roles. Its password is new with each start.
  const password = randomBytes(24).toString('base64url')
  await migrate(owner, data.PGUSER)
  await owner.unsafe(authenticatorSql(password))
  await owner.end()
  const sql = postgres({ ...address, user: 'authenticator', password, max: CONNECTIONS, connect_timeout: 5 })
  const rest = await startRest({
    database: () => sql,
    schemas: [EXPOSED_SCHEMA],
    port: data.LEDGER_PORT,
    secretKey: data.LEDGER_KEY,
    // For the edge alone: nobody has this key, and no user's token is believed.
    publishableKey: randomBytes(24).toString('base64url'),
    issuer: 'none',
    keys: createLocalJWKSet({ keys: [] }),
  })
  sayListening(rest.url)
  return {
    ready: { url: rest.url },
    async stop() {
      await rest.stop()
      await sql.end({ timeout: 1 })
    },
  }
})

function authenticatorSql(password: string): string {
  return `
    do $$ begin create role authenticator login noinherit; exception when duplicate_object then null; end $$;
    alter role authenticator password '${password}';
    grant anon, authenticated, service_role to authenticator;`
}
