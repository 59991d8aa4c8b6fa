import type { RequestListener } from 'node:http'
import { expect, it, vi } from 'vitest'
import * as z from 'zod/mini'
import { createApi } from '../../../../dashboard/api/api.ts'
import { NotServed, Refused } from '../../../../dashboard/api/refused.ts'
import { answering, withJson } from '../../../fixtures/answering.ts'

const Shape = z.object({ data: z.array(z.string()) })
const refusal = (code: string, message: string) => ({
  error: { code, message, request_id: 'r-1', param: null },
})

async function apiThat(answer: RequestListener) {
  const onEnd = vi.fn()
  const session = { label: 'me', token: vi.fn(async () => 'the-token') }
  return { api: createApi(await answering(answer), session, onEnd), onEnd, session }
}

it('sends the credential and a body as JSON, and reads the answer by its schema', async () => {
  const asked: unknown[] = []
  const { api } = await apiThat(async (request, answer) => {
    const body = Buffer.concat(await request.toArray()).toString()
    asked.push([
      request.method,
      request.url,
      request.headers.authorization,
      request.headers['content-type'],
      body,
    ])
    withJson(answer, 200, { data: ['a'], more: 1 })
  })
  expect(await api.ask('/v1/x', Shape)).toEqual({ data: ['a'] })
  await api.ask('/v1/x', Shape, { body: { a: 1 } })
  await api.ask('/v1/x', Shape, { method: 'DELETE' })
  expect(asked).toEqual([
    ['GET', '/v1/x', 'Bearer the-token', undefined, ''],
    ['POST', '/v1/x', 'Bearer the-token', 'application/json', '{"a":1}'],
    ['DELETE', '/v1/x', 'Bearer the-token', undefined, ''],
  ])
})

it('tells a route that the edge does not have from a thing that is not there', async () => {
  const { api } = await apiThat(({ url = '' }, answer) =>
    withJson(
      answer,
      404,
      url.includes('job_1')
        ? refusal('not_found', 'Your account has no job of that id.')
        : refusal('not_found', `There is no GET ${url.split('?')[0]} here.`),
    ),
  )
  await expect(api.ask('/v1/usage/history?from=2026-11-01', Shape)).rejects.toThrow(NotServed)
  const gone = api.ask('/v1/jobs/job_1', Shape)
  await expect(gone).rejects.toThrow(Refused)
  await expect(gone).rejects.toMatchObject({ status: 404, refusal: { code: 'not_found', requestId: 'r-1' } })
})

it('a credential that the edge does not take ends the session; a refusal does not', async () => {
  const { api, onEnd } = await apiThat(({ url }, answer) =>
    url === '/401'
      ? withJson(answer, 401, refusal('token_invalid', 'No.'), { 'x-should-retry': 'false' })
      : withJson(answer, 403, refusal('scope_missing', 'No.')),
  )
  await expect(api.ask('/403', Shape)).rejects.toThrow(Refused)
  expect(onEnd).not.toHaveBeenCalled()
  await expect(api.ask('/401', Shape)).rejects.toThrow(Refused)
  expect(onEnd).toHaveBeenCalledOnce()
})

it('what is no answer of the edge is said plainly', async () => {
  const { api } = await apiThat(({ url }, answer) =>
    url === '/proxy' ? void answer.writeHead(502).end('<html>') : withJson(answer, 200, { data: 1 }),
  )
  await expect(api.ask('/proxy', Shape)).rejects.toThrow('The edge answered 502.')
  await expect(api.ask('/other', Shape)).rejects.toThrow('in a form that this page does not know')
})
