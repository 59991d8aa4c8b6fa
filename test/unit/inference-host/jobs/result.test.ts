import { expect, it } from 'vitest'
import { keptResult, resultOf } from '../../../../inference-host/jobs/result.ts'

const MOST = 4 * 1024 * 1024

it('is the answer as it came, unparsed, with its status', async () => {
  const body = '{"data":[0.10, 2e-3]}'
  expect(await resultOf(new Response(body))).toEqual({ json: `{"status":200,"body":${body}}`, failed: false })
  const refused = await resultOf(new Response('{}', { status: 400 }))
  expect(refused).toEqual({ json: '{"status":400,"body":{}}', failed: true })
})

it('is kept up to 4 MiB, counted in bytes; beyond that an error stands in its place', async () => {
  const frame = '{"status":200,"body":""}'.length
  const largest = `"${'x'.repeat(MOST - frame)}"`
  expect(await keptResult(new Response(largest), 'r1', '/v1/rerank')).toMatchObject({ failed: false })
  // As many characters, and one byte more.
  const larger = await keptResult(new Response(largest.replace('x', 'é')), 'r1', '/v1/rerank')
  expect(larger.failed).toBe(true)
  expect(JSON.parse(larger.json)).toMatchObject({
    status: 413,
    body: { error: { code: 'body_too_large', request_id: 'r1' } },
  })
})

it('has its vectors as base64', async () => {
  const body = { data: [{ embedding: [1, -2] }] }
  const { json } = await keptResult(Response.json(body), 'r1', '/v1/embeddings')
  expect(JSON.parse(json)).toEqual({ status: 200, body: { data: [{ embedding: { f32: 'AACAPwAAAMA=' } }] } })
})
