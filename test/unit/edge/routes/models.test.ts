import { expect, it } from 'vitest'
import { listModels, oneModel } from '../../../../edge/routes/models.ts'
import { entitledTo, refusal } from '../../../fixtures/entitled.ts'

it('each model of the list can be asked for, and none besides', () => {
  const free = entitledTo('free')
  const { data } = listModels(free)
  expect(data.map(({ id }) => id)).toContain('twohop-chat')
  for (const model of data) expect(oneModel(free, model.id)).toEqual(model)
  // The classifier is of another plan.
  expect(oneModel(entitledTo('pro'), 'twohop-classify').tasks).toContain('text-classification')
  for (const id of ['twohop-classify', 'nothing', 'Twohop-Chat', ''])
    expect(refusal(() => oneModel(free, id))).toEqual(['model_not_found', 'model'])
})
