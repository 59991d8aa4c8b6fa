import { expect, it } from 'vitest'
import { boundBesideImages, readsImages } from '../../../../edge/parse/chat-body.ts'
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
