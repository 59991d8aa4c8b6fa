import type { Entitlement } from '../access/entitlement.ts'

/** `GET /v1/models`: OpenAI's list, of the models that the caller's plan allows. */
export function listModels(entitlement: Entitlement) {
  return {
    object: 'list',
    data: entitlement.models().map((model) => ({
      id: model.id,
      object: 'model',
      created: 0,
      owned_by: 'twohop',
      tasks: model.tasks,
    })),
  }
}
