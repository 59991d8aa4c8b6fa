import type { Task } from '../catalog.ts'

/**
 * The names of what is noted of a span. Those of GenAI are OpenTelemetry's of the repository `semantic-conventions-genai`,
 * version 0.1.0, where all are in development (github.com/open-telemetry/semantic-conventions-genai, "client inference");
 * `http.*` and `error.type` are of `semantic-conventions` 1.44.0, where they are stable. A change of names is a change of
 * this file.
 */
export const ATTRIBUTE = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  model: 'gen_ai.request.model',
  stream: 'gen_ai.request.stream',
  maxTokens: 'gen_ai.request.max_tokens',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedTokens: 'gen_ai.usage.cache_read.input_tokens',
  /** In seconds, from the call on. */
  firstChunk: 'gen_ai.response.time_to_first_chunk',

  method: 'http.request.method',
  route: 'http.route',
  status: 'http.response.status_code',
  error: 'error.type',

  /** The id that the answer says in `x-request-id`, on both hops. */
  requestId: 'twohop.request_id',
  /** How a request was settled. */
  outcome: 'twohop.outcome',
  version: 'twohop.model_version',
  computeMs: 'twohop.compute_ms',
  job: 'twohop.job.id',
  /** Inputs that a host has done, and those of them that failed. */
  inputs: 'twohop.job.inputs',
  failed: 'twohop.job.failed',
  /** The trace of a trusted caller, where the platform cannot go on with it. */
  callersTrace: 'twohop.caller.trace_id',
} as const

/** Who computes, as GenAI's names ask: a provider that their list does not have names itself. */
export const PROVIDER = 'twohop'

/** What of a task those names have a name for. Any other task is called as it is. */
const OPERATIONS: Partial<Record<Task, string>> = {
  completion: 'text_completion',
  'text-generation': 'text_completion',
  embedding: 'embeddings',
  'feature-extraction': 'embeddings',
}

/** `gen_ai.operation.name` of a task. */
export const operationOf = (task: Task): string => OPERATIONS[task] ?? task
