import * as z from 'zod'
import { GenerationUsage, PromptUsage } from '../../shared/usage.ts'

// The answers of the edge as its documentation shows them. Their types are those of the code that writes them; what is
// here says as much of them as a client programs against.

const name = z.string()
const count = z.int().min(0)
/** Seconds since the epoch. */
const time = z.int()
const seconds = z.int().min(0)
const listOf = <Item extends z.ZodType>(data: Item) =>
  z.looseObject({ object: z.literal('list'), data: z.array(data) })
const pageOf = <Item extends z.ZodType>(data: Item) => listOf(data).extend({ next: name.nullable() })
const choices = <Choice extends z.ZodRawShape>(choice: Choice) =>
  z.array(z.looseObject({ index: count, finish_reason: name.nullable(), ...choice }))

export const ChatAnswer = z.looseObject({
  id: name,
  object: z.literal('chat.completion'),
  created: time,
  model: name,
  choices: choices({
    message: z.looseObject({ role: z.literal('assistant'), content: name.nullable(), refusal: z.null() }),
  }),
  usage: GenerationUsage,
})

export const ResponseAnswer = z.looseObject({
  id: name,
  object: z.literal('response'),
  created_at: z.number(),
  status: name,
  model: name,
  output: z.array(z.looseObject({ type: name })),
})

export const MessagesAnswer = z.looseObject({
  id: name,
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: name,
  content: z.array(z.looseObject({ type: name })),
  stop_reason: name.nullable(),
  stop_sequence: name.nullable(),
  usage: z.looseObject({ input_tokens: count, output_tokens: count }),
})

export const TokenCount = z.looseObject({ input_tokens: count })

export const CompletionAnswer = z.looseObject({
  id: name,
  object: z.literal('text_completion'),
  created: time,
  model: name,
  choices: choices({ text: name }),
  usage: GenerationUsage,
})

export const EmbeddingAnswer = listOf(
  z.looseObject({
    object: z.literal('embedding'),
    index: count,
    embedding: z.union([z.array(z.number()), name]),
  }),
).extend({ model: name, usage: PromptUsage })

export const RerankAnswer = z.looseObject({
  object: z.literal('list'),
  model: name,
  results: z.array(z.looseObject({ index: count, relevance_score: z.number() })),
  usage: PromptUsage,
})

/** `json`. With `verbose_json` there is more, and the other forms are texts. */
export const TranscriptionAnswer = z.looseObject({ text: name })

/** The hub's own shapes, one for each task. */
export const TaskAnswer = z.union([z.array(z.unknown()), z.looseObject({})])

const Window = { used: count, held: count, resets_in: seconds }
const windowsOf = <Budget extends z.ZodType>(budget: Budget) =>
  z.record(z.enum(['minute', 'day', 'month']), budget)

export const ModelAnswer = z.looseObject({
  id: name,
  object: z.literal('model'),
  created: time,
  owned_by: name,
  tasks: z.array(name),
})
export const ModelList = listOf(ModelAnswer)

export const UsageAnswer = z.looseObject({
  object: z.literal('usage'),
  account: name,
  plan: name,
  requests: z.looseObject({ limit: count, remaining: z.int(), resets_in: seconds }),
  units: windowsOf(z.looseObject({ ...Window, limit: count, remaining: count })),
})

const sums = {
  requests: count,
  failed: count,
  prompt_tokens: count,
  output_tokens: count,
  units: count,
}
const date = z.iso.date()

export const UsageHistory = z.looseObject({
  object: z.literal('usage.history'),
  account: name,
  from: date,
  to: date,
  days: z.array(z.looseObject({ date, model: name, task: name, ...sums })),
})

const month = name
export const UsageMonths = z.looseObject({
  object: z.literal('usage.months'),
  account: name,
  from: month,
  to: month,
  months: z.array(
    z.looseObject({
      month,
      model: name,
      requests: z.int(),
      prompt_tokens: z.int(),
      output_tokens: z.int(),
      units: z.int(),
    }),
  ),
})
/** `account` is null for all accounts together. */
export const AnyUsageMonths = z.looseObject({ ...UsageMonths.shape, account: name.nullable() })

const outcome = z.enum(['ok', 'cancelled', 'failed', 'refused', 'unsettled'])
export const RequestList = listOf(
  z.looseObject({
    id: name,
    at: time,
    model: name,
    task: name,
    outcome,
    prompt_tokens: count,
    output_tokens: count,
    units: count,
    ms: count.nullable(),
  }),
)

const percentiles = z.looseObject({ p50: count, p95: count, p99: count }).nullable()
export const Stats = z.looseObject({
  object: z.literal('stats'),
  from: date,
  to: date,
  days: z.array(
    z.looseObject({
      date,
      models: z.array(
        z.looseObject({
          model: name,
          version: name.nullable(),
          task: name,
          ...sums,
          outcomes: z.record(outcome, count),
          ms: percentiles,
          first_ms: percentiles,
        }),
      ),
      errors: z.record(name, count),
      top_accounts: z.array(z.looseObject({ account: name, units: count })),
    }),
  ),
})

export const JobAnswer = z.looseObject({
  id: name,
  object: z.literal('job'),
  status: name,
  endpoint: name,
  model: name,
  counts: z.looseObject({ total: count, done: count, failed: count }),
  created_at: time,
  deadline: time,
  usage: z.looseObject({ prompt_tokens: count, completion_tokens: count }),
})
export const JobList = listOf(JobAnswer)
export const JobPage = JobAnswer.extend({
  results: z.array(z.looseObject({ index: count, status: z.int(), body: z.unknown() })),
  has_more: z.boolean(),
})

export const FeedbackAnswer = z.looseObject({
  object: z.literal('feedback'),
  request_id: name,
  score: z.int(),
})

export const KeyAnswer = z.looseObject({
  object: z.literal('api_key'),
  id: name,
  prefix: name,
  name,
  scopes: z.array(name),
  created_at: time,
  expires_at: time,
  last_used_at: time.nullable(),
})
export const CallerAnswer = z.looseObject({
  object: z.literal('caller'),
  account: name,
  plan: name,
  scopes: z.array(name),
})
export const KeyList = listOf(KeyAnswer)
export const NewKeyAnswer = KeyAnswer.extend({ key: name })
export const EndedKey = z.looseObject({ object: z.literal('api_key'), id: name, also_revoked: z.unknown() })

export const Cost = z.looseObject({
  object: z.literal('cost'),
  month,
  elapsed: z.number(),
  used: z.looseObject(sums),
  forecast: z.looseObject({ combination: name, requests: count }).nullable(),
  outlook: z
    .array(
      z.looseObject({
        what: z.enum(['requests', 'prompt_tokens', 'output_tokens', 'usd']),
        so_far: z.number(),
        due: z.number(),
        at_this_rate: z.number(),
        forecast: z.number(),
      }),
    )
    .nullable(),
})

export const HostList = listOf(
  z.looseObject({
    id: name,
    error: name.nullable(),
    models: z.array(
      z.looseObject({
        model: name,
        running: count,
        waiting: count,
        resident: z.boolean(),
        cache: z.number().nullable(),
      }),
    ),
  }),
).extend({ at: time })

const score = { score: count, why: name, at: time, challenged_at: time.nullable() }
const status = z.enum(['active', 'suspended'])
export const AnomalyList = listOf(
  z.looseObject({ account: name, key: name.nullable(), status, found_at: time, ...score }),
)

export const AccountAnswer = z.looseObject({
  object: z.literal('account'),
  id: name,
  status,
  plan: name.nullable(),
  anomaly: z.looseObject(score).nullish(),
  key_anomalies: z.array(z.looseObject({ key: name, ...score })).optional(),
})
export const AccountPage = pageOf(AccountAnswer)
export const AccountUsage = z.looseObject({
  object: z.literal('account.usage'),
  account: name,
  units: windowsOf(z.looseObject({ ...Window, limit: count.nullable() })),
})
export const AuditPage = pageOf(
  z.looseObject({
    object: z.literal('audit_entry'),
    id: name,
    at: time,
    actor: name,
    action: name,
    target: name,
  }),
)

export const SignInCalls = z.looseObject({
  object: z.literal('dashboard.sign_in'),
  firebase: z.looseObject({ sign_in: name, refresh: name, key: name }).nullable(),
  supabase: z.looseObject({ token: name, key: name }).nullable(),
})

export const Health = z.looseObject({ status: z.literal('ok') })
export const Anything = z.looseObject({})
