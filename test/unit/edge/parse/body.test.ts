import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { jsonBody, keptText } from '../../../../edge/parse/body.ts'
import { parseAs } from '../../../../shared/parse-as.ts'

const Name = keptText(1, 5)
const sent = async (bytes: Uint8Array<ArrayBuffer>) => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const app = new Hono<{ Variables: { readBody: () => Promise<Uint8Array<ArrayBuffer>> } }>()
  app.post('/', (c) => {
    c.set('readBody', async () => bytes)
    resolve(jsonBody(c))
    return c.body(null)
  })
  await app.request('/', { method: 'POST', headers: { 'content-type': 'application/json' } })
  return promise
}
const ALLOWED = 'Expected text of 1 to 5 characters, without NUL and without half of a surrogate pair, found'

it('a text that is kept stands without the spaces around it', () => {
  expect(parseAs(Name, '  ab 🙂 ')).toBe('ab 🙂')
})

it.each([
  ['', 'empty text'],
  ['   ', 'text of 3 characters'],
  ['abcdef', 'text of 6 characters'],
  ['a\0', 'text of 2 characters'],
  ['\ud83d', 'text of 1 character'],
  [5, '5'],
  [undefined, 'nothing'],
])('what cannot be kept is refused with all that is allowed: %j', (text, found) => {
  expect(() => parseAs(Name, text)).toThrow(`${ALLOWED} ${found}.`)
})

it.each([
  ['{"a":"\u00fc"}', { a: 'ü' }],
  ['\ufeff[1]', [1]],
])('a body in UTF-8 is read: %j', async (text, value) => {
  expect(await sent(new TextEncoder().encode(text))).toEqual(value)
})

it.each([
  ['a byte that is none of UTF-8', [0x22, 0xff, 0x22]],
  ['half of a character', [0x22, 0xc3, 0x22]],
  ['a half of a surrogate pair', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ['UTF-16', [0x22, 0, 0x61, 0, 0x22, 0]],
  ['no JSON', [0x7b]],
  ['nothing', []],
])('%s is no body', async (_, bytes) => {
  await expect(sent(new Uint8Array(bytes))).rejects.toMatchObject({
    code: 'invalid_request',
    message: 'The body is not valid JSON in UTF-8.',
  })
})
