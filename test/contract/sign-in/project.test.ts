import { describe, expect, it } from 'vitest'
import { answering } from '../../fixtures/answering.ts'
import { signInIssuer } from './issuer.ts'

type Heard = { method: string; url: string; headers: NodeJS.Dict<string | string[]>; body: string }

/** A part of a project that keeps what it hears, and answers 201 in two pieces. */
async function part() {
  const heard: Heard[] = []
  const url = await answering(async (request, answer) => {
    let body = ''
    for await (const piece of request) body += piece
    heard.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
    answer.writeHead(201, { 'content-type': 'text/plain', 'x-request-id': 'its-own', location: '/v1/jobs/7' })
    answer.write('one ')
    answer.end('two')
  })
  return { url, heard }
}

/** A project whose parts are up, and what each of them heard. */
async function project() {
  const { issuer } = await signInIssuer()
  const [edge, ledger] = [await part(), await part()]
  issuer.serveProject({ edge: edge.url, rest: { url: ledger.url, publishableKey: 'sb_publishable_ours' } })
  return { issuer, url: issuer.supabase.url, edge: edge.heard, ledger: ledger.heard }
}

describe("a project's one address", () => {
  it('passes a function call on to the edge as it is, and its answer back', async () => {
    const { url, edge } = await project()
    const answer = await fetch(`${url}/functions/v1/edge/v1/chat/completions?a=b%20c`, {
      method: 'POST',
      headers: { authorization: 'Bearer user', apikey: 'any', 'content-type': 'application/json' },
      body: '{"model":"m"}',
    })
    expect([answer.status, await answer.text()]).toEqual([201, 'one two'])
    expect(answer.headers.get('x-request-id')).toBe('its-own')
    expect(answer.headers.get('location')).toBe('/functions/v1/edge/v1/jobs/7')
    expect(edge).toMatchObject([
      {
        method: 'POST',
        url: '/v1/chat/completions?a=b%20c',
        headers: { authorization: 'Bearer user' },
        body: '{"model":"m"}',
      },
    ])
  })

  it('passes what is read on to the ledger, with its key in place of any, and no key for a token', async () => {
    const { url, ledger } = await project()
    const read = (authorization: string) =>
      fetch(`${url}/rest/v1/usage_daily?select=day`, {
        headers: { apikey: 'any', authorization, 'accept-profile': 'twohop' },
      })
    expect((await read('Bearer user')).status).toBe(201)
    expect((await read('Bearer any')).status).toBe(201)
    expect(ledger).toMatchObject([
      {
        url: '/rest/v1/usage_daily?select=day',
        headers: { apikey: 'sb_publishable_ours', authorization: 'Bearer user', 'accept-profile': 'twohop' },
      },
      { headers: { apikey: 'sb_publishable_ours' } },
    ])
    expect(ledger[1]?.headers).not.toHaveProperty('authorization')
  })

  it('says so while a part is not up', async () => {
    const { issuer } = await signInIssuer()
    const status = async (path: string) => (await fetch(`${issuer.supabase.url}${path}`)).status
    expect([await status('/functions/v1/edge/v1/models'), await status('/rest/v1/usage_daily')]).toEqual([
      503, 503,
    ])
    const { url } = await part()
    issuer.serveProject({ edge: url, rest: null })
    expect([await status('/functions/v1/edge/v1/models'), await status('/rest/v1/usage_daily')]).toEqual([
      201, 503,
    ])
    expect(await status('/functions/v1/other')).toBe(404)
  })

  it.each(['/functions/v1/edge/v1/models', '/rest/v1/usage_daily'])(
    'asks nobody for a stranger: %s',
    async (path) => {
      const { url, edge, ledger } = await project()
      for (const headers of [{ 'x-forwarded-for': '203.0.113.7' }, { via: '1.1 tunnel' }])
        expect((await fetch(`${url}${path}`, { headers })).status).toBe(403)
      expect([edge, ledger]).toEqual([[], []])
    },
  )
})
