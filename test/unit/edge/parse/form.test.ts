import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { formBody, formBytes } from '../../../../edge/parse/form.ts'
import { createReadBody } from '../../../../edge/parse/read-body.ts'
import type { Env } from '../../../../edge/routes/env.ts'
import { errorResponse } from '../../../../shared/errors.ts'

let seen: Record<string, unknown> = {}
const app = new Hono<Env>().post('/', async (c) => {
  c.set('readBody', createReadBody(c.req.raw, { most: 10_000, timeoutMs: 1000 }))
  seen = await formBody(c)
  return c.body((await formBytes(seen)).buffer)
})
app.onError((error) => errorResponse(error, 'r1'))

function formOf(...fields: [string, string | Uint8Array<ArrayBuffer>][]): FormData {
  const form = new FormData()
  for (const [name, value] of fields) {
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, new Blob([value]), 'a.wav')
  }
  return form
}
async function send(body: BodyInit, type?: string) {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
  const response = await app.request('/', { method: 'POST', body, headers })
  return { status: response.status, text: await response.text() }
}

const file = new Uint8Array([1, 2, 3])

it('texts, files and lists', async () => {
  await send(formOf(['model', 'a'], ['x[]', 'b'], ['x[]', 'c'], ['y[]', 'd'], ['file', file]))
  expect({ ...seen }).toEqual({ model: 'a', x: ['b', 'c'], y: ['d'], file })
})

it('the same form has the same bytes, whatever stands between its fields', async () => {
  const form = () => formOf(['model', 'a'], ['file', file])
  const [one, two] = [await send(form()), await send(form())]
  expect(one).toEqual(two)
  const others = [
    formOf(['model', 'b'], ['file', file]),
    formOf(['model', 'a'], ['file', new Uint8Array([1, 2, 4])]),
    formOf(['model', 'a'], ['file', file], ['x', '']),
    formOf(['model', 'a'], ['other', file]),
  ]
  for (const other of others) expect((await send(other)).text).not.toBe(one.text)
})

it.each([
  ['latin 1', [0x63, 0xe9], 400],
  ['half a character', [0xe2, 0x82], 400],
  ['a surrogate', [0xed, 0xa0, 0x80], 400],
  ['other bytes beside a U+FFFD', [0xef, 0xbf, 0xbd, 0xff], 400],
  ['U+FFFD itself', [0xef, 0xbf, 0xbd], 200],
  ['UTF-8', [0xc3, 0xa9], 200],
])('a text of %s', async (_, bytes, status) => {
  const text = (said: string) => new TextEncoder().encode(said)
  const body = new Blob([
    text('--a\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'),
    // A file may have what U+FFFD is written as.
    new Uint8Array([13, 10, 13, 10, 0xef, 0xbf, 0xbd, 0xff, 13]),
    text('\r\n--a\r\ncontent-disposition: form-data; name="prompt"\r\n\r\n'),
    new Uint8Array(bytes),
    text('\r\n--a--\r\n'),
  ])
  const answer = await send(body, 'multipart/form-data; boundary=a')
  expect(answer.status).toBe(status)
  if (status === 200) expect(seen.prompt).toBe(new TextDecoder().decode(new Uint8Array(bytes)))
  else
    expect(JSON.parse(answer.text).error).toMatchObject({
      code: 'invalid_request',
      param: 'prompt',
      message: 'Expected text in UTF-8, found other bytes.',
    })
})

it('names of objects are names like others', async () => {
  await send(formOf(['__proto__', 'a'], ['constructor', 'b']))
  expect(Object.entries(seen)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
})

it.each<[string, BodyInit, string | undefined, number, string]>([
  ['a field twice', formOf(['model', 'a'], ['model', 'b']), undefined, 400, 'invalid_request'],
  ['a field, and a list of its name', formOf(['x', 'a'], ['x[]', 'b']), undefined, 400, 'invalid_request'],
  ['JSON', '{}', 'application/json', 415, 'unsupported_media_type'],
  ['an endless list', formOf(...Array(65).fill(['x[]', ''])), undefined, 400, 'invalid_request'],
  ['no boundary', 'a', 'multipart/form-data', 415, 'unsupported_media_type'],
  ['another boundary', '--a\r\n\r\n--a--', 'multipart/form-data; boundary=b', 400, 'invalid_request'],
  [
    'half a form',
    '--a\r\ncontent-disposition: form-data; name="x"\r\n\r\n',
    'multipart/form-data; boundary=a',
    400,
    'invalid_request',
  ],
])('%s is refused', async (_, body, type, status, code) => {
  const answer = await send(body, type)
  expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([status, code])
})
