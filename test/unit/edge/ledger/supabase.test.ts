import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSupabaseLedger } from '../../../../edge/ledger/supabase.ts'

const KEY = 'sb_secret_something'

/** A ledger before a server that answers with `listener`, and the requests that came. */
async function ledgerBefore(listener: RequestListener, timeoutMs = 2000, end = '') {
  const seen: { url: string | undefined; headers: Record<string, unknown>; body: string }[] = []
  const server = createServer(async (incoming, outgoing) => {
    let body = ''
    for await (const chunk of incoming) body += chunk
    seen.push({ url: incoming.url, headers: incoming.headers, body })
    listener(incoming, outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${end}`
  return { seen, ledger: createSupabaseLedger({ url, key: KEY, timeoutMs, fetch }) }
}

const answering =
  (status: number, body: unknown): RequestListener =>
  (_incoming, outgoing) =>
    void outgoing
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body))

const failing = (status: number, code: string) =>
  answering(status, { code, message: `something with ${KEY}`, details: null, hint: null })

describe('the ledger in Supabase', () => {
  it("calls the project's function with its key, once", async () => {
    const { ledger, seen } = await ledgerBefore(answering(200, { recorded: 0, duplicates: 0, conflicts: [] }))
    expect(await ledger.record([])).toEqual({ recorded: 0, duplicates: 0, conflicts: [] })
    expect(seen).toMatchObject([
      {
        url: '/rest/v1/rpc/record_usage_events',
        headers: { apikey: KEY, authorization: `Bearer ${KEY}`, 'content-profile': 'twohop' },
        body: '{"events":[]}',
      },
    ])
  })

  it.each(['/', '//'])("finds it behind a project's URL that ends with %s", async (end) => {
    const reply = { recorded: 0, duplicates: 0, conflicts: [] }
    const { ledger, seen } = await ledgerBefore(answering(200, reply), 2000, end)
    await ledger.record([])
    expect(seen.map(({ url }) => url)).toEqual(['/rest/v1/rpc/record_usage_events'])
  })

  it.each([
    [400, '22P02'],
    [400, '23514'],
    [409, '23505'],
    [400, '22008'],
  ])('takes %d %s for events that can never be stored', async (status, code) => {
    const { ledger, seen } = await ledgerBefore(failing(status, code))
    await expect(ledger.record([])).rejects.toMatchObject({
      name: 'LedgerRefused',
      code,
      message: `The ledger refused events: ${code}`,
    })
    expect(seen).toHaveLength(1)
  })

  it.each<[string, RequestListener, string]>([
    ['a wrong key', failing(401, 'PGRST301'), 'PGRST301'],
    ['a missing migration', failing(404, 'PGRST202'), 'PGRST202'],
    ['no permission', failing(403, '42501'), '42501'],
    ['a statement that took too long', failing(500, '57014'), '57014'],
    ['no connection to the database', failing(503, 'PGRST001'), 'PGRST001'],
    ['too many requests', answering(429, '{"message":"slow down"}'), 'http_429'],
    ['a page', answering(502, '<html>bad gateway</html>'), 'http_502'],
    ['a page instead of an answer', answering(200, '<html>'), 'http_200'],
    ['an answer of another form', answering(200, { recorded: 'all' }), 'answer_unknown'],
    ['nothing', answering(200, ''), 'answer_unknown'],
    ['a closed connection', (incoming) => incoming.socket.destroy(), 'http_0'],
  ])('is away where Supabase answers with %s, and asks once', async (_name, listener, code) => {
    const { ledger, seen } = await ledgerBefore(listener)
    const error = await ledger.record([]).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code, message: `The ledger is away: ${code}` })
    expect(seen).toHaveLength(1)
    expect(String(error)).not.toContain(KEY)
  })

  it('is away in time where Supabase does not answer', async () => {
    const { ledger } = await ledgerBefore(() => {}, 60)
    const started = performance.now()
    await expect(ledger.record([])).rejects.toMatchObject({ code: 'http_0' })
    // By its own 60 ms and not by the default of 10 s.
    expect(performance.now() - started).toBeLessThan(9000)
  })
})
