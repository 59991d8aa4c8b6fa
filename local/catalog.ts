import defaults from '../shared/catalog.json' with { type: 'json' }
import { Catalog, type Model, type Task } from '../shared/catalog.ts'

/** What the host says of a model that it has loaded. */
export type HostModel = {
  id: string
  task: string
  device: string
  dtype: string
  context: number
  overhead: { request: number; item: number }
}

/** The catalog's tasks that each kind of model serves. */
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
}

/**
 * The default catalog with the models that the host really has: each takes the price of the default model of its
 * kind and its place in the plans, with the context and overhead that the host measured.
 */
export function localCatalog(models: readonly HostModel[]): Catalog {
  const base = Catalog.parse(defaults)
  const renamed = new Map<string, string[]>()
  const offered = models.map(({ id, task, context, overhead }): Model => {
    const tasks = TASKS_OF[task] ?? []
    const like = base.models.find((model) => model.tasks.some((known) => tasks.includes(known)))
    if (like) renamed.set(like.id, [...(renamed.get(like.id) ?? []), id])
    return {
      id,
      tasks,
      context,
      overhead,
      prices: like?.prices ?? { prompt: 1, output: 4, compute_second: 0 },
    }
  })
  const plans = base.plans.map((plan) => ({
    ...plan,
    models: plan.models.flatMap((id) => renamed.get(id) ?? []),
  }))
  return Catalog.parse({ ...base, models: offered, plans })
}

/** The model that stands for each kind, for tools that drive the stack. */
export function modelIds(catalog: Catalog): Record<'chat' | 'embed' | 'classify', string | null> {
  const first = (task: Task) => catalog.models.find((model) => model.tasks.includes(task))?.id ?? null
  return { chat: first('chat'), embed: first('embedding'), classify: first('text-classification') }
}
