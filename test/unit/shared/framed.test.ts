import { expect, it } from 'vitest'
import { framed, unframed } from '../../../shared/framed.ts'

const file = new Uint8Array([1, 2, 3, 255])

it('gives back the request and the file', () => {
  expect(unframed(framed({ a: 'ü' }, file))).toEqual({ request: { a: 'ü' }, file })
  expect(unframed(framed([], new Uint8Array()))).toEqual({ request: [], file: new Uint8Array() })
})

it('copies nothing of the file on the way out', () => {
  const body = framed({}, file)
  expect(unframed(body)?.file.buffer).toBe(body.buffer)
})

it.each([
  ['nothing', new Uint8Array()],
  ['half a length', new Uint8Array([0, 0, 0])],
  ['a length beyond the body', new Uint8Array([0xff, 0xff, 0xff, 0xff, 1])],
  ['JSON that is not UTF-8', new Uint8Array([0, 0, 0, 3, 34, 0xff, 34])],
  ['no JSON', new Uint8Array([0, 0, 0, 1, 65])],
  ['JSON that is shorter than it says', new Uint8Array([0, 0, 0, 9, 123, 125])],
])('%s is none', (_, body) => {
  expect(unframed(body)).toBeUndefined()
})
