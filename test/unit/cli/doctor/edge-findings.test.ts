import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { edgeFindings } from '../../../../cli/doctor/edge-findings.ts'
import { answering, envelope, NOBODY, withJson } from '../../../fixtures/answering.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** An edge in which one thing is otherwise. */
const edge = (broken: Record<string, Answer> = {}) =>
  answering((request, response) => {
    const other = broken[`${request.method} ${request.url}`]
    if (other) return other(request, response)
    if (request.url === '/healthz') return withJson(response, 200, { status: 'ok' })
    if (request.method === 'OPTIONS') return withJson(response, 403, envelope('origin_not_allowed'))
    if (request.headers.authorization === undefined) return withJson(response, 401, envelope('token_missing'))
    if (request.url === '/v1/models') return withJson(response, 200, { data: [{ id: 'm' }] })
    return withJson(response, 200, {})
  })
const sick = async (url: string, token?: string) =>
  (await edgeFindings({ url, token })).findings.filter(({ ok }) => !ok).map(({ check }) => check)

describe('the edge from outside', () => {
  it('is well where it is up, refuses strangers and foreign pages, and answers a user', async () => {
    const { findings, aheadMs } = await edgeFindings({ url: await edge(), token: 'a-token' })
    expect(findings.map(({ check, ok }) => [check, ok])).toEqual([
      ['https', true],
      ['edge', true],
      ['a stranger at the edge', true],
      ['a foreign page', true],
      ['a real answer', true],
    ])
    expect(Math.abs(aheadMs ?? Number.NaN)).toBeLessThan(2000)
  })

  it.each([
    ['edge', { 'GET /healthz': (_, response) => withJson(response, 404, {}) }],
    ['a stranger at the edge', { 'GET /v1/models': (_, response) => withJson(response, 200, { data: [] }) }],
    [
      'a foreign page',
      {
        'OPTIONS /v1/models': (request, response) =>
          withJson(response, 200, {}, { 'access-control-allow-origin': request.headers.origin ?? '*' }),
      },
    ],
  ] satisfies [string, Record<string, Answer>][])(
    'is ill in %s where that is broken',
    async (check, broken) => {
      expect(await sick(await edge(broken))).toEqual([check])
    },
  )

  it('is ill where a user gets no answer, and says why', async () => {
    const refusing = await edge({
      'POST /v1/chat/completions': (_, response) => withJson(response, 502, envelope('host_failed')),
    })
    const { findings } = await edgeFindings({ url: refusing, token: 'a-token' })
    expect(findings.at(-1)).toMatchObject({ ok: false, detail: expect.stringContaining('host_failed') })
  })

  it('is ill where it is not configured, and nothing more is asked of it', async () => {
    const unconfigured = await edge({
      'GET /healthz': (_, response) =>
        withJson(response, 503, envelope('not_configured', 'Look at HOST_URL.')),
    })
    const { findings } = await edgeFindings({ url: unconfigured })
    expect(findings.at(-1)).toMatchObject({ ok: false, detail: 'Look at HOST_URL.', mend: expect.any(Array) })
  })

  it('is ill where nobody answers, or tokens go there in clear text', async () => {
    expect(await sick(NOBODY)).toEqual(['edge'])
    expect(await sick('http://edge.invalid', 'a-token')).toEqual(['https', 'edge'])
  })
})
