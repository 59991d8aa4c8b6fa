import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { boundBesideImages, chatBody, readsImages } from '../../../../edge/parse/chat-body.ts'
import { createReadBody } from '../../../../edge/parse/read-body.ts'
import type { Env } from '../../../../edge/routes/env.ts'
import { errorResponse } from '../../../../shared/errors.ts'
import { catalog, modelOf } from '../../../fixtures/catalog.ts'
import { refusal } from '../../../fixtures/entitled.ts'

it('bounds a body beside its images', () => {
  expect(boundBesideImages({ imageBytes: 900 }, 1000, 100)).toEqual({ imageBytes: 900 })
  expect(refusal(() => boundBesideImages({ imageBytes: 899 }, 1000, 100))).toEqual([
    'body_too_large',
    undefined,
  ])
  expect(refusal(() => boundBesideImages({}, 101, 100))).toEqual(['body_too_large', undefined])
})

it('lets bodies be larger only where a model of chats reads images', () => {
  expect(readsImages(catalog)).toBe(false)
  const chat = modelOf('twohop-chat')
  expect(readsImages({ models: [{ ...chat, image_tokens: 64 }] })).toBe(true)
  expect(readsImages({ models: [{ ...chat, tasks: ['image-to-text'], image_tokens: 64 }] })).toBe(false)
})

describe('before it is parsed', () => {
  const app = new Hono<Env>().post('/', async (c) => {
    c.set('readBody', createReadBody(c.req.raw, { most: 1_000_000, timeoutMs: 1000 }))
    return c.json(await chatBody(c, 1000))
  })
  app.onError((error) => errorResponse(error, 'r1'))
  async function bodyOf(text: string) {
    const headers = { 'content-type': 'application/json' }
    return (await app.request('/', { method: 'POST', body: text, headers })).json()
  }
  const image = 'iVBORw0KGgo'.repeat(1000)

  it.each([
    ['an image', JSON.stringify({ url: `data:image/png;base64,${image}` })],
    ['one whose slashes are escaped', `{"data":"${'iVBO\\/w0K'.repeat(1000)}=="}`],
    ['sixteen small ones', JSON.stringify(Array(16).fill(image.slice(0, 80)))],
    ['a text within the bound', JSON.stringify('a b '.repeat(249))],
  ])('a body may be large for its images: %s', async (_, text) => {
    expect(await bodyOf(text)).toEqual({ json: JSON.parse(text), length: text.length })
  })

  it.each([
    ['a text', JSON.stringify('a b '.repeat(500))],
    ['a text beside an image', JSON.stringify([image, 'a b '.repeat(500)])],
    ['many parts', JSON.stringify(Array(300).fill({ a: 1 }))],
    ['what is not JSON', '['.repeat(100_000)],
  ])('and for nothing else: %s', async (_, text) => {
    expect(await bodyOf(text)).toMatchObject({ error: { code: 'body_too_large' } })
  })
})
