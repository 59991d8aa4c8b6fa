import { expect, it } from 'vitest'
import { type HostModel, localCatalog, requireServed } from '../../../local/catalog.ts'

const model = (id: string, task: string, more: Partial<HostModel> = {}): HostModel => ({
  id,
  task,
  device: 'cpu',
  dtype: 'q8',
  context: 448,
  overhead: { request: 0, item: 0 },
  ...more,
})

it('a model of a kind that the default catalog has none of is in the plans that may have its task', () => {
  const { models, plans } = localCatalog([
    model('mine', 'text-generation'),
    model('whisper', 'automatic-speech-recognition'),
    model('vit', 'image-classification', { imageTokens: 196 }),
  ])
  expect(models).toMatchObject([
    { id: 'mine', tasks: ['chat', 'completion', 'text-generation'] },
    { id: 'whisper', tasks: ['automatic-speech-recognition'], prices: { audio_second: 50 } },
    { id: 'vit', tasks: ['image-classification'], image_tokens: 196 },
  ])
  expect(plans.map((plan) => [plan.id, plan.models])).toEqual([
    ['free', ['mine']],
    ['pro', ['mine', 'whisper', 'vit']],
  ])
})

it("a catalog of one's own has models alone that are served here, or that upstreams compute", () => {
  const own = localCatalog([model('mine', 'text-generation')])
  expect(() => requireServed(undefined, [])).not.toThrow()
  expect(() => requireServed(own, ['mine', 'other'])).not.toThrow()
  expect(() => requireServed(own, ['other'])).toThrow('model "mine" is not served here: there are other.')
  const models = own.models.map((each) => ({ ...each, upstreams: [{ id: 'abroad', weight: 1, model: 'm' }] }))
  expect(() => requireServed({ ...own, models } as typeof own, [])).not.toThrow()
})
