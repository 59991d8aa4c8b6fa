import { expect, it } from 'vitest'
import { bodyLimits } from '../../../../edge/parse/body-limits.ts'
import { catalog, modelOf } from '../../../fixtures/catalog.ts'

const OPTIONS = { jobs: { bodyBytes: 700_000 }, mediaBodyBytes: 8_000_000 }

it('jobs, sounds and images may be longer; a report of a leaked key may not', () => {
  const bounds = bodyLimits(catalog, OPTIONS)
  expect(bounds.get('/v1/jobs')).toBe(700_000)
  expect(bounds.get('/v1/audio/transcriptions')).toBe(8_000_000)
  expect(bounds.get('/v1/tasks/image-classification')).toBe(8_000_000)
  expect(bounds.get('/v1/keys/leaked')).toBe(32_768)
  expect(bounds.get('/v1/embeddings')).toBeUndefined()
})

it('a chat may be longer only where a model of the catalog reads images', () => {
  expect(bodyLimits(catalog, OPTIONS).get('/v1/chat/completions')).toBeUndefined()
  const seeing = { ...modelOf('twohop-chat'), image_tokens: 100 }
  const bounds = bodyLimits({ ...catalog, models: [seeing] }, OPTIONS)
  for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/messages', '/v1/messages/count_tokens'])
    expect(bounds.get(path)).toBe(8_000_000)
  expect(bounds.get('/v1/completions')).toBeUndefined()
})
