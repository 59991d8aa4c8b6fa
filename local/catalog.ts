import defaults from '../shared/catalog.json' with { type: 'json' }
import { Catalog, type Model, scopeOf, type Task } from '../shared/catalog.ts'
import type { ImagePatches } from '../shared/image-tokens.ts'
import { usualPrices } from './usual-prices.ts'

/** A loaded model, as the host reports it. */
export type HostModel = {
  id: string
  task: string
  device: string
  dtype: string
  context: number
  overhead: { request: number; item: number }
  /** Tokens that an image counts as, where the model reads images. */
  imageTokens?: number | undefined
  imagePatches?: ImagePatches | undefined
}

/** The catalog's tasks for each kind of model. */
const TASKS_OF: Record<string, Task[]> = {
  'text-generation': ['chat', 'completion', 'text-generation'],
  'feature-extraction': ['embedding', 'feature-extraction'],
  'text-classification': ['text-classification'],
  'text-ranking': ['text-ranking'],
  'token-classification': ['token-classification'],
  'zero-shot-classification': ['zero-shot-classification'],
  'fill-mask': ['fill-mask'],
  'question-answering': ['question-answering'],
  summarization: ['summarization'],
  translation: ['translation'],
  'automatic-speech-recognition': ['automatic-speech-recognition'],
  'image-classification': ['image-classification'],
  'image-to-text': ['image-to-text'],
  'image-text-to-text': ['chat'],
}

/**
 * The default catalog with the host's own models. Each replaces the default model of its kind, with its price and its
 * place in the plans. Context and overhead are those that the host measured.
 */
export function localCatalog(models: readonly HostModel[]): Catalog {
  const base = Catalog.parse(defaults)
  const renamed = new Map<string, string[]>()
  const offered = models.map(({ id, task, context, overhead, imageTokens, imagePatches }): Model => {
    const tasks = TASKS_OF[task] ?? []
    const like = base.models.find((model) => model.tasks.some((known) => tasks.includes(known)))
    if (like) renamed.set(like.id, [...(renamed.get(like.id) ?? []), id])
    return {
      id,
      tasks,
      context,
      overhead,
      prices: like?.prices ?? usualPrices(tasks),
      ...(imageTokens !== undefined && { image_tokens: imageTokens }),
      ...(imagePatches && { image_patches: imagePatches }),
    }
  })
  const placed = new Set([...renamed.values()].flat())
  const others = offered.filter(({ id }) => !placed.has(id))
  const plans = base.plans.map((plan) => ({
    ...plan,
    models: [
      ...plan.models.flatMap((id) => renamed.get(id) ?? []),
      // A model of another kind is in the plans that may have its task.
      ...others
        .filter(({ tasks }) => tasks.some((task) => plan.scopes.includes(scopeOf(task))))
        .map(({ id }) => id),
    ],
  }))
  return Catalog.parse({ ...base, models: offered, plans })
}

/**
 * Checks that a catalog of one's own has models alone that are served here. A model that names upstreams is computed there.
 * @param served the ids of the models that the host has
 * @throws Error of one line where a model is not one of them
 */
export function requireServed(own: Catalog | undefined, served: readonly string[]): void {
  const missing = own?.models.find(({ id, upstreams }) => !upstreams && !served.includes(id))
  if (missing)
    throw new Error(
      `The catalog's model "${missing.id}" is not served here: there are ${served.join(', ')}. Add it by --model, or leave it out.`,
    )
}

/** The id of one model of each kind, or null, for tools that use the stack. */
export function modelIds(catalog: Catalog): Record<'chat' | 'embed' | 'classify', string | null> {
  const first = (task: Task) => catalog.models.find((model) => model.tasks.includes(task))?.id ?? null
  return { chat: first('chat'), embed: first('embedding'), classify: first('text-classification') }
}
