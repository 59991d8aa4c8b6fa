import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { mediaBody } from '../../../../edge/parse/media-body.ts'
import { createReadBody } from '../../../../edge/parse/read-body.ts'
import type { Env } from '../../../../edge/routes/env.ts'
import { errorResponse } from '../../../../shared/errors.ts'

const bytes = new Uint8Array([0, 255, 7])
const BASE64 = 'AP8H'
const app = new Hono<Env>().post('/:task{.+}', async (c) => {
  c.set('readBody', createReadBody(c.req.raw, { most: 1000, timeoutMs: 1000 }))
  const task = c.req.param('task') === 'image' ? 'image-to-text' : 'automatic-speech-recognition'
  const { file, rest } = await mediaBody(c, task)
  return c.json({ file: [...file], rest })
})
app.onError((error) => errorResponse(error, 'r1'))

async function send(path: string, body: BodyInit, type?: string) {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
  const response = await app.request(path, { method: 'POST', body, headers })
  return { status: response.status, body: await response.json() }
}

it.each([
  ['/image', 'image/png'],
  ['/sound', 'audio/wav; codecs=1'],
  ['/image', 'application/octet-stream'],
  ['/sound', undefined],
])('the body itself, to %s as %s', async (path, type) => {
  expect(await send(path, bytes, type)).toEqual({ status: 200, body: { file: [0, 255, 7], rest: {} } })
})

it('base64 in JSON, with the rest beside it', async () => {
  const json = JSON.stringify({ inputs: BASE64, parameters: { top_k: 2 } })
  expect(await send('/image', json, 'application/json')).toEqual({
    status: 200,
    body: { file: [0, 255, 7], rest: { parameters: { top_k: 2 } } },
  })
})

it.each([
  ['a sound for an image', '/image', bytes, 'audio/wav', 415, 'unsupported_media_type'],
  ['an image for a sound', '/sound', bytes, 'image/png', 415, 'unsupported_media_type'],
  ['a form', '/image', bytes, 'multipart/form-data; boundary=x', 415, 'unsupported_media_type'],
  ['a URL', '/image', '{"inputs":"https://a.example/b.png"}', 'application/json', 400, 'invalid_request'],
  ['half of base64', '/image', '{"inputs":"AP8HA"}', 'application/json', 400, 'invalid_request'],
  ['no file', '/image', '{"parameters":{}}', 'application/json', 400, 'invalid_request'],
  ['more bytes than are read', '/image', new Uint8Array(1001), 'image/png', 413, 'body_too_large'],
])('%s is refused', async (_, path, body, type, status, code) => {
  expect(await send(path, body, type)).toMatchObject({ status, body: { error: { code } } })
})
