import * as z from 'zod'
import { Caching } from './caching.ts'
import { ImagePatches } from './image-tokens.ts'
import { STORABLE, WITHOUT_UNSTORABLE } from './storable.ts'
import { Prices, Units } from './units.ts'
import { checkUpstreams, MOST_UPSTREAMS, modelUpstreams, Upstream } from './upstreams.ts'
import { checkVersions, modelVersions } from './versions.ts'

/** The tasks of texts that `POST /v1/tasks/:task` answers, by the hub's names. */
export const TEXT_TASKS = [
  'text-classification',
  'feature-extraction',
  'token-classification',
  'zero-shot-classification',
  'fill-mask',
  'question-answering',
  'summarization',
  'translation',
  'text-generation',
] as const
export type TextTask = (typeof TEXT_TASKS)[number]

/** Those of sounds and images, which come as a file. */
export const MEDIA_TASKS = ['automatic-speech-recognition', 'image-classification', 'image-to-text'] as const
export type MediaTask = (typeof MEDIA_TASKS)[number]

/** Whether a task reads a file instead of a text. */
export const isMediaTask = (task: string): task is MediaTask => MEDIA_TASKS.some((known) => known === task)

/** All tasks that `POST /v1/tasks/:task` answers. */
export const HUB_TASKS = [...TEXT_TASKS, ...MEDIA_TASKS] as const
export type HubTask = (typeof HUB_TASKS)[number]

/** The task of models that judge texts. */
export const JUDGING = 'text-classification'

/** The tasks of models: those of OpenAI's routes (`chat`, `completion`, `embedding`), reranking, and the hub's. */
export const TASKS = ['chat', 'completion', 'embedding', 'text-ranking', ...HUB_TASKS] as const
export type Task = (typeof TASKS)[number]

/** The scope that a credential needs for a task: `chat`, `embed` or `tasks:<name>`. */
export function scopeOf(task: Task): string {
  if (task === 'chat' || task === 'completion') return 'chat'
  return task === 'embedding' ? 'embed' : `tasks:${task}`
}

/** A name that the ledger keeps beside each charge. */
const Name = z.string().min(1).regex(STORABLE, `must be ${WITHOUT_UNSTORABLE}`)

export const Model = z.strictObject({
  id: Name.max(200),
  tasks: z.array(z.enum(TASKS)).min(1),
  /** The most tokens of prompt and output together that the model can hold. */
  context: z.int().min(1),
  /**
   * Tokens in the prompt besides the text's own: per request (start and generation markers, a default system prompt)
   * and per message or input (role and end markers). The host measures both when it loads a model.
   */
  overhead: z.strictObject({ request: z.int().min(0), item: z.int().min(0) }),
  prices: Prices,
  /**
   * Prompt tokens that an image counts as at most, for models that see. The host measures it when it loads a model. A chat
   * model without it takes no images.
   */
  image_tokens: z.int().min(1).max(100_000).optional(),
  /** How many they are of an image whose size decides. Without it, each is reserved with as many as there can be. */
  image_patches: ImagePatches.optional(),
  /** Numbers in a vector of the model, for embeddings; the room for results of jobs is computed from it. */
  width: z.int().min(1).max(65_536).optional(),
  /**
   * Lengths that the model's embeddings may be cut to. It is for models whose embeddings stay embeddings when they are
   * cut (Matryoshka representation learning). Without it `dimensions` is refused.
   */
  dimensions: z.array(z.int().min(1)).optional(),
  ...modelUpstreams,
  /**
   * How often a request may be computed. With 2 a try that may have computed, and whose answer did not come, is charged, and
   * another upstream is asked; so twice the worst case is reserved.
   */
  tries: z.int().min(1).max(2).optional(),
  ...modelVersions,
  /** Answers that are given again; without it none are. */
  cache: Caching.optional(),
  /** Switched off: nobody gets it, whatever the plan says. */
  disabled: z.boolean().optional(),
})
export type Model = z.infer<typeof Model>

/** What a guard does where it finds something: nothing at all, a line in the log, or it lets none of it through. */
const Action = z.enum(['off', 'flag', 'block']).default('off')
/** The same where it can also be taken out on its way to the model, and put back into the answer. */
const ActionOrMask = z.enum(['off', 'flag', 'block', 'mask']).default('off')

/** What is looked for in requests (`in`) and in answers (`out`). */
export const Guards = z.strictObject({
  /** Personal data and secrets. */
  pii: z
    .strictObject({
      find: z
        .array(z.enum(['card', 'iban', 'email', 'phone', 'secret']))
        .min(1)
        .default(['card', 'iban', 'email', 'phone', 'secret']),
      in: ActionOrMask,
      /** What `mask` is for: requests as foreign upstreams get them, or as every host does. */
      mask: z.enum(['foreign', 'all']).default('foreign'),
      out: Action,
    })
    .prefault({}),
  /** Words and phrases, whole ones, whatever their capitals. */
  blocklist: z
    .strictObject({
      words: z.array(z.string().trim().min(1).max(100)).max(1000).default([]),
      in: Action,
      out: Action,
    })
    .prefault({}),
  /** Attempts to give the model other orders, told by a classifier that one of the models is. */
  injection: z
    .strictObject({
      /** A model for text-classification. A plan need not offer it. */
      model: z.string(),
      /** Its label for an attempt. */
      label: z.string().min(1).default('INJECTION'),
      /** The score from which on it is one. */
      threshold: z.number().min(0).max(1).default(0.5),
      in: Action,
      /** What happens to a request where the classifier does not answer. */
      on_failure: z.enum(['block', 'pass']).default('block'),
    })
    .optional(),
  /** Answers that a classifier, which one of the models is, judges while they are written. */
  judge: z
    .strictObject({
      /** A model for text-classification. A plan need not offer it. */
      model: z.string(),
      /** Its label for an answer that must not be. */
      label: z.string().min(1),
      /** The score from which on it is one. */
      threshold: z.number().min(0).max(1).default(0.5),
      /** Characters after which it judges, at most: fewer where it cannot hold twice as many. */
      every: z.int().min(100).max(100_000).default(1000),
      out: Action,
      /** What happens to an answer where the classifier does not answer. */
      on_failure: z.enum(['block', 'pass']).default('block'),
    })
    .optional(),
})
export type Guards = z.infer<typeof Guards>

export const Plan = z.strictObject({
  id: Name.max(64),
  /** Ids of the models this plan may use, the preferred one of a task first. */
  models: z.array(z.string()).min(1),
  scopes: z.array(z.string()).min(1),
  limits: z.strictObject({
    requests_per_minute: z.int().min(1),
    /** Requests under way at once. */
    concurrent: z.int().min(1),
    /** Jobs that have not ended, at once. */
    jobs: z.int().min(1).max(100).default(4),
    /** Bytes of Redis's memory that all jobs of the account may take, those that have ended too, with their results. */
    job_bytes: z
      .int()
      .min(64 * 1024)
      .max(1024 ** 3)
      .default(16 * 1024 ** 2),
    /** Hours for which a job and its results are kept after its end. */
    job_results_hours: z.int().min(1).max(168).default(24),
    /** Output tokens for a request without `max_tokens`. */
    output_tokens_default: z.int().min(1),
    /** The most output tokens a request may ask for. */
    output_tokens_max: z.int().min(1),
    /** The most inputs in one embeddings or task request. */
    inputs_max: z.int().min(1),
    /** The most seconds of audio in one request. */
    audio_seconds_max: z.int().min(1).max(3600).default(120),
  }),
  /** The share of a busy host, in tokens, that an account of this plan gets, relative to other accounts. */
  weight: z.number().min(0.01).max(100).default(1),
  /** Units that may be spent in a UTC minute, a UTC day and a month. */
  budgets: z.strictObject({ minute: Units, day: Units, month: Units }),
  /** Day of the month on which months begin; shorter months begin on their last day. Without it months are UTC's. */
  billing_day: z.int().min(1).max(31).optional(),
  guards: Guards.optional(),
  /** What is done about a credential whose anomaly score is `at` or more (docs/abuse.md). */
  abuse: z
    .strictObject({
      action: z.enum(['off', 'log', 'challenge', 'suspend']),
      at: z.int().min(1).max(100).default(50),
    })
    .optional(),
})
export type Plan = z.infer<typeof Plan>

/**
 * Models and plans as the operator writes them. Unknown keys are refused, so that a typing error does not become a
 * silent default.
 */
export const Catalog = z
  .strictObject({
    default_plan: z.string(),
    /** Where models are computed beside the host of HOST_URL. */
    upstreams: z.array(Upstream).max(MOST_UPSTREAMS).optional(),
    models: z.array(Model).min(1),
    plans: z.array(Plan).min(1),
    /** Units that the whole deployment may spend in a UTC day and month, all accounts together. */
    project: z
      .strictObject({ budgets: z.strictObject({ day: Units.optional(), month: Units.optional() }) })
      .optional(),
  })
  .superRefine((catalog, context) => {
    const models = new Set(catalog.models.map((model) => model.id))
    if (models.size < catalog.models.length)
      context.addIssue({ code: 'custom', path: ['models'], message: 'two models share an id' })
    if (!catalog.plans.some((plan) => plan.id === catalog.default_plan))
      context.addIssue({
        code: 'custom',
        path: ['default_plan'],
        message: 'names no plan that there is',
      })
    for (const [i, { tasks, prices, image_tokens, image_patches }] of catalog.models.entries()) {
      const missing = (...field: string[]) =>
        context.addIssue({ code: 'custom', path: ['models', i, ...field], message: 'is missing' })
      const hears = tasks.includes('automatic-speech-recognition')
      if (hears && prices.audio_second === undefined) missing('prices', 'audio_second')
      if (!hears && prices.audio_second !== undefined)
        context.addIssue({
          code: 'custom',
          path: ['models', i, 'prices', 'audio_second'],
          message: 'is for automatic-speech-recognition only',
        })
      if ((image_patches || tasks.some((task) => task.startsWith('image-'))) && image_tokens === undefined)
        missing('image_tokens')
    }
    const complain = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    checkUpstreams(catalog, complain)
    checkVersions(catalog.models, complain)
    for (const [i, plan] of catalog.plans.entries()) {
      for (const [j, id] of plan.models.entries())
        if (!models.has(id)) complain(['plans', i, 'models', j], 'names no model that there is')
      for (const name of ['injection', 'judge'] as const) {
        const judge = plan.guards?.[name]?.model
        if (
          judge !== undefined &&
          !catalog.models.some(({ id, tasks }) => id === judge && tasks.includes(JUDGING))
        )
          context.addIssue({
            code: 'custom',
            path: ['plans', i, 'guards', name, 'model'],
            message: `names no model for ${JUDGING}`,
          })
      }
      if (plan.limits.output_tokens_default > plan.limits.output_tokens_max)
        context.addIssue({
          code: 'custom',
          path: ['plans', i, 'limits'],
          message: 'output_tokens_default is above output_tokens_max',
        })
    }
  })
export type Catalog = z.infer<typeof Catalog>
