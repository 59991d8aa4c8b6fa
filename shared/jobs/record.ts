import * as z from 'zod'

/**
 * How a job is stored in Redis, between the edge, which takes it in and settles it, and the hosts, which work on it.
 * Every name begins with `twohop:job`, so that a host's Redis user can be limited to these.
 *
 * | key | value |
 * |---|---|
 * | `twohop:job:{id}` | hash: JobRecord |
 * | `twohop:job:{id}:inputs` | hash: index -> JobInput as JSON; deleted when the job has ended |
 * | `twohop:job:{id}:results` | hash: index -> JobResult as JSON |
 * | `twohop:jobs:{model}` | stream of jobs that have not ended, one field: `job`; consumer group `hosts` |
 * | `twohop:jobs-open` | sorted set: job by deadline (ms), until it has ended |
 * | `twohop:jobs-open:{account}` | the same, for one account |
 * | `twohop:jobs-ended` | sorted set: job by end (ms), until the edge has settled it |
 * | `twohop:jobs-served` | sorted set: model by the time (ms) until which hosts count as looking for its jobs |
 * | `twohop:jobs-kept`, `twohop:jobs-kept:{account}` | sorted set: what jobs keep, see kept.lua.ts |
 * | `twohop:jobs-bytes`, `twohop:jobs-bytes:{account}` | hash: the sum of that, `bytes` |
 */
export const JOB_KEYS = {
  open: 'twohop:jobs-open',
  ended: 'twohop:jobs-ended',
  served: 'twohop:jobs-served',
} as const

export const JOB_PREFIX = 'twohop:job:'
/** Followed by a model's id. */
export const JOB_STREAM_PREFIX = 'twohop:jobs:'
/** Followed by an account. */
export const JOBS_OF_PREFIX = 'twohop:jobs-open:'
/** The consumer group of all hosts. */
export const JOB_GROUP = 'hosts'

export const jobKey = (id: string) => `${JOB_PREFIX}${id}`
export const jobInputsKey = (id: string) => `${JOB_PREFIX}${id}:inputs`
export const jobResultsKey = (id: string) => `${JOB_PREFIX}${id}:results`
export const jobStreamKey = (model: string) => `${JOB_STREAM_PREFIX}${model}`
export const jobsOfKey = (account: string) => `${JOBS_OF_PREFIX}${account}`

/** The most inputs of one job. */
export const MAX_JOB_INPUTS = 1000

/** Where results of a job may lie when they have left Redis: the ledger's Postgres (the previews wrote 1), a bucket of R2. */
const RESULT_PLACES = ['ledger', 'r2'] as const
export type ResultPlace = (typeof RESULT_PLACES)[number]

/** Milliseconds for which results are kept after a job's end, where its record says nothing else. */
export const JOB_RESULTS_KEPT_MS = 24 * 3_600_000

/** The states of a job. The last four are final. */
const JOB_STATES = ['queued', 'running', 'done', 'cancelled', 'expired', 'failed'] as const
export type JobState = (typeof JOB_STATES)[number]

export const hasEnded = (state: JobState) => state !== 'queued' && state !== 'running'

const count = z.coerce.number().int().min(0)

/** The hash of a job; Redis stores all fields as text. Times are milliseconds since the epoch. */
export const JobRecord = z.object({
  /** The fields up to `entry` are written by the edge with the reservation, and never changed. */
  account: z.string().min(1),
  model: z.string().min(1),
  task: z.string().min(1),
  /** Path on the host, the same for all inputs, such as `/v1/chat/completions`. */
  path: z.string().min(1),
  count: count.min(1).max(MAX_JOB_INPUTS),
  /** The job token, signed by the edge (shared/jobs/token.ts). */
  token: z.string().min(1),
  created_at: count,
  deadline: count,
  /** Id of its entry in the model's stream. */
  entry: z.string().min(1),
  /** Bytes of Redis's memory held for the job until it ends, and those of them for its results. */
  held_bytes: count.optional(),
  room: count.optional(),
  /** Milliseconds for which the job and its results are kept after its end. */
  kept_ms: count.optional(),

  /** Written by the edge and the hosts. */
  state: z.enum(JOB_STATES),
  /** 1 once it has been cancelled. The host that has it ends it, or the edge if no host has it. */
  cancel: z.enum(['1']).optional(),
  ended_at: count.optional(),

  /** The fields from here to `bytes` are written by the hosts. Only results under this `claim` are accepted. */
  claim: z.string().optional(),
  started_at: count.optional(),
  /** The number of inputs with a result, and of those whose result is an error. */
  done: count.default(0),
  failed: count.default(0),
  /** What was computed for all inputs, with a result or without. */
  prompt_tokens: count.default(0),
  output_tokens: count.default(0),
  compute_ms: count.default(0),
  /** Bytes of Redis's memory that the results take. */
  bytes: count.default(0),

  /** Written by the edge: 1 once its use is charged. */
  settled: z.enum(['1']).optional(),
  /** Where its results lie, once that is another store. */
  moved: z.preprocess((place) => (place === '1' ? 'ledger' : place), z.enum(RESULT_PLACES).optional()),
})
export type JobRecord = z.infer<typeof JobRecord>

/** One input: the host's request, whose JSON text is hashed, and the tokens that are reserved for it. */
export const JobInput = z.strictObject({
  body: z.record(z.string(), z.unknown()),
  /** The file that goes with it, as base64. */
  file: z.base64().optional(),
  prompt_tokens: z.int().min(0),
  output_tokens: z.int().min(0),
})
export type JobInput = z.infer<typeof JobInput>

/** One input's answer from the host's route: a 2xx status with the answer, or any other with the error envelope. */
export const JobResult = z.object({ status: z.int().min(200).max(599), body: z.unknown() })
export type JobResult = z.infer<typeof JobResult>
