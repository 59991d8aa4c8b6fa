import type { Model } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { Entitlement } from '../access/entitlement.ts'

/** `GET /v1/models`: OpenAI's list, of the models that the caller's plan allows. */
export function listModels(entitlement: Entitlement) {
  return {
    object: 'list',
    data: entitlement.models().map(shownModel),
  }
}

/**
 * `GET /v1/models/:id`: one of that list.
 * @throws TwohopError model_not_found, also for a model of another plan
 */
export function oneModel(entitlement: Entitlement, id: string) {
  const model = entitlement.models().find((each) => each.id === id)
  if (model) return shownModel(model)
  throw new TwohopError(
    'model_not_found',
    'Your plan has no model of that name; GET /v1/models lists those that it has.',
    { param: 'model' },
  )
}

const shownModel = ({ id, tasks }: Model) => ({
  id,
  object: 'model',
  created: 0,
  owned_by: 'twohop',
  tasks,
})
