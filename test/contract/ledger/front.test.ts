import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSupabaseLedger } from '../../../edge/ledger/supabase.ts'
import { type Part, startPart } from '../../../local/part.ts'
import { findInstalledPostgres } from '../../../local/postgres/binaries.ts'
import { startServer } from '../../../local/postgres/server.ts'
import { usageEvent } from '../../fixtures/each-postgres.ts'

const installed = await findInstalledPostgres()
const KEY = randomBytes(24).toString('base64url')
const FRONT = new URL('../../../local/postgres/front.ts', import.meta.url)

describe.skipIf(!installed)("the ledger in a PostgreSQL of one's own", () => {
  let server: Awaited<ReturnType<typeof startServer>>
  let part: Part<{ url: string }>
  const start = (env: Record<string, string> = {}) => {
    const { host, port, user, password } = server.address
    return startPart<{ url: string }>(FRONT, {
      env: {
        ...{
          LEDGER_KEY: KEY,
          LEDGER_PORT: '0',
          PGHOST: host,
          PGPORT: String(port),
          PGUSER: user,
          PGPASSWORD: password,
        },
        ...env,
      },
    })
  }
  beforeAll(async () => {
    if (!installed) return
    server = await startServer(installed)
    part = await start()
  })
  afterAll(async () => {
    await part?.stop()
    await server?.stop()
  })

  it('records what the edge brings, and keeps it over a new start', async () => {
    const ledger = (url: string, key = KEY) => createSupabaseLedger({ url, key, fetch })
    const batch = [usageEvent(randomUUID(), 'ada'), usageEvent(randomUUID(), 'ada')]
    expect(await ledger(part.ready.url).record(batch)).toEqual({ recorded: 2, duplicates: 0, conflicts: [] })
    await expect(ledger(part.ready.url, 'k'.repeat(32)).record(batch)).rejects.toMatchObject({
      code: 'PGRST300',
    })
    await part.stop()
    part = await start()
    expect(await ledger(part.ready.url).record(batch)).toEqual({ recorded: 0, duplicates: 2, conflicts: [] })
  })

  it('keeps a connection for longer than the proxies in front of it do', async () => {
    expect((await fetch(part.ready.url)).headers.get('keep-alive')).toBe('timeout=75')
  })

  it("lets nobody in by a user's token, nor past the functions", async () => {
    const headers = {
      apikey: KEY,
      authorization: `Bearer ${KEY}`,
      'accept-profile': 'twohop',
      'content-profile': 'twohop',
    }
    const rows = `${part.ready.url}/rest/v1/usage_events`
    expect((await fetch(rows, { headers })).status).toBe(200)
    expect((await fetch(rows, { method: 'DELETE', headers })).status).toBe(403)
    expect((await fetch(rows, { headers: { ...headers, authorization: 'Bearer e30.e30.' } })).status).toBe(
      401,
    )
    expect((await fetch(rows)).status).toBe(401)
  })

  it('does not start without a key, or with a database that it cannot reach', async () => {
    await expect(start({ LEDGER_KEY: 'short' })).rejects.toThrow(
      'LEDGER_KEY: must have at least 32 characters',
    )
    await expect(start({ PGPASSWORD: 'a-wrong-one' })).rejects.toThrow(/password authentication failed/)
  })
})
