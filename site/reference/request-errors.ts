import type { ErrorWords } from './error-words.ts'

/** Refusals because of what is asked, of what is used up, and failures. */
export const REQUEST_ERRORS = {
  invalid_request: {
    when: "the body is not valid JSON, or a field is missing, wrong, unknown or above the plan's cap",
    todo: 'mend the field that `param` names',
  },
  context_length_exceeded: {
    when: 'the prompt is longer than the model can hold',
    todo: 'send less',
    pays: 'time',
  },
  prompt_exceeds_reservation: {
    when: "the host counted more prompt tokens than the edge reserved: the model's `overhead` in the catalog is too small",
    todo: 'tell the operator',
    pays: 'time',
  },
  content_blocked: {
    when: 'a guard of the plan found what it blocks, in the field of `param` or in an answer without choices ([guards.md](guards.md))',
    todo: 'leave it out',
    pays: 'computed',
  },
  unsupported_audio: {
    when: 'a recording is of a kind that is not decoded here: MP4, AAC, Vorbis, more than two channels of Opus',
    todo: 'send WAV, MP3, FLAC or Opus ([media.md](media.md#what-a-file-may-be))',
  },
  budget_exhausted: {
    when: "the request's worst case does not fit in what is left of the day or month, or is above a whole minute's budget",
    todo: 'ask for fewer tokens, or wait until `resets_at`; without one, waiting does not help',
    waits: 'where it passes',
  },
  idempotency_in_progress: {
    when: 'a request with the same `Idempotency-Key` is under way',
    todo: 'wait for `Retry-After`, then send the same again',
    waits: 'yes',
  },
  idempotency_key_reused: {
    when: 'the same `Idempotency-Key` came with another request',
    todo: 'take a new key',
  },
  idempotency_answer_gone: {
    when: 'it was done before under this `Idempotency-Key`, and the answer cannot be given again ([why](idempotency.md))',
    todo: 'look what was done; to do it anew take a new key',
  },
  not_found: { when: 'no such route', todo: '`GET /openapi.json` lists the routes' },
  model_not_found: { when: 'no such model for this kind of request', todo: 'see `GET /v1/models`' },
  task_not_found: { when: 'no such task; the message lists what there is', todo: 'take one of these' },
  method_not_allowed: {
    when: 'the path is there, and does not take this method',
    todo: 'the header `Allow` lists those that it takes',
  },
  body_timeout: {
    when: 'the body did not come within `BODY_TIMEOUT_MS`',
    todo: 'send it again, or send less',
  },
  body_too_large: {
    when: 'above `BODY_LIMIT_BYTES`, `JOB_BODY_BYTES` for a job, or `MEDIA_BODY_BYTES` for a sound or an image',
    todo: 'send less',
  },
  job_too_large: {
    when: "this job with its results could take more than the plan's `limits.job_bytes`, or `JOB_STORE_BYTES`",
    todo: 'send fewer inputs, or ask for shorter answers',
  },
  unsupported_media_type: {
    when: 'the body is not of a type that the route takes, mostly `application/json`, or it has a `content-encoding`',
    todo: 'send `content-type: application/json`, uncompressed',
  },
  rate_limited: {
    when: 'too many requests or reads this minute, or new keys this day, gone keys or strangers of one address',
    todo: 'wait for `Retry-After`',
  },
  budget_minute_exhausted: {
    when: "the request's worst case does not fit in what is left of the minute; it fits in the next",
    todo: 'wait for `Retry-After`',
  },
  too_many_concurrent: {
    when: 'too many requests of this account are under way',
    todo: 'wait for one to end',
  },
  too_many_jobs: {
    when: "too many jobs of this account have not ended (the plan's `limits.jobs`)",
    todo: 'wait for one, or cancel one',
  },
  job_storage_full: {
    when: "the results of earlier jobs leave no room for those of this one (the plan's `limits.job_bytes`)",
    todo: 'wait for `Retry-After`, or send fewer inputs',
  },
  internal: { when: 'a fault of ours', todo: 'tell the operator the request id', pays: 'computed' },
  host_failed: { when: 'the model could not answer, or broke off', todo: 'try again', pays: 'computed' },
  project_budget_exhausted: {
    when: 'the whole service has spent its budget of the day or month; your own is not used up',
    todo: 'wait for `Retry-After`',
  },
  not_configured: {
    when: 'the edge lacks variables, or has wrong ones; the message names them',
    todo: 'operator: the log says once what to put there',
  },
  store_unavailable: { when: 'the budget cannot be checked, so nobody is admitted', todo: 'try again' },
  ledger_unavailable: {
    when: 'the ledger does not answer; what only it keeps cannot be shown',
    todo: 'try again',
  },
  guard_unavailable: {
    when: 'the classifier that the plan has judge requests does not answer',
    todo: 'try again',
    pays: 'computed',
  },
  job_store_full: {
    when: 'the jobs of all accounts take `JOB_STORE_BYTES`',
    todo: 'try again after `Retry-After`',
  },
  jobs_not_served: {
    when: 'no host has looked for jobs of this model lately',
    todo: 'send the request without a job, or try again after `Retry-After`',
  },
  keys_unavailable: { when: "the issuer's keys cannot be fetched and none are known", todo: 'try again' },
  host_unavailable: { when: 'the host cannot be reached', todo: 'try again', pays: 'computed' },
  host_busy: { when: "the host's queue is full", todo: 'try again', pays: 'time' },
  host_not_ready: {
    when: 'the host is starting or about to stop, or the model could not be loaded',
    todo: 'try again',
    pays: 'time',
  },
  host_timeout: {
    when: 'the answer did not come in `REQUEST_TIMEOUT_MS`',
    todo: 'ask for less',
    pays: 'computed',
  },
} as const satisfies Record<string, ErrorWords>

/** What the host tells the edge alone. */
export const EDGE_ERRORS = {
  cancelled: { when: 'the client went away, or the request was cancelled by its id' },
  service_token_missing: { when: 'no token' },
  service_token_invalid: { when: 'wrong signature, issuer, audience, route, model, scope or lifetime' },
  service_token_expired: { when: 'older than a minute' },
  service_token_replayed: { when: 'its request id was used before, whatever became of that request' },
  service_token_body_mismatch: { when: 'the body is not the one that was signed' },
} as const satisfies Record<string, ErrorWords>
