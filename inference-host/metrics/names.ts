/** One metric: its meaning, and the metric of vLLM, TGI or prom-client that it is named after, where there is one. */
type Described = { help: string; after: string | undefined; buckets?: readonly number[] }

/** What every name begins with. */
export const PREFIX = 'twohop_'

/** In seconds. A step takes a few milliseconds for a small model, and seconds for a prompt of thousands of tokens. */
const TOKEN_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10]
const REQUEST_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160]

/** Read when they are asked for. One series a model. */
export const MODEL_GAUGES = {
  num_requests_running: {
    help: 'Requests that have a slot.',
    after: 'vllm:num_requests_running',
  },
  num_requests_waiting: {
    help: 'Requests that wait for a slot.',
    after: 'vllm:num_requests_waiting, tgi_queue_size',
  },
  batch_current_size: {
    help: 'Requests in the last step.',
    after: 'tgi_batch_current_size',
  },
  kv_cache_usage_perc: {
    help: "Part of the KV cache's memory budget that is in use; 1 is all of it.",
    after: 'vllm:kv_cache_usage_perc',
  },
  model_resident: {
    help: '1 while the model is in memory, 0 while it is not.',
    after: 'vllm:engine_sleep_state',
  },
  model_memory_bytes: {
    help: "Resident memory of the model's process.",
    after: undefined,
  },
  jobs_running: {
    help: 'Jobs that this host works on.',
    after: undefined,
  },
} as const satisfies Record<string, Described>

/** Counted since the start. One series a model. */
export const COUNTERS = {
  request_success_total: {
    help: 'Requests that finished.',
    after: 'vllm:request_success_total, tgi_request_success',
  },
  request_failure_total: {
    help: 'Requests that were taken in and ended otherwise: too late, refused or failed by the model.',
    after: 'tgi_request_failure',
  },
  request_cancelled_total: {
    help: 'Requests that were taken in and cancelled, or whose client went away.',
    after: 'vllm:request_success_total with finished_reason="abort"',
  },
  admission_rejections_total: {
    help: 'Requests that the queue did not take in.',
    after: 'vllm:admission_rejections_total',
  },
  prompt_tokens_total: {
    help: 'Prompt tokens of requests that ended, those from the prefix cache included.',
    after: 'vllm:prompt_tokens_total',
  },
  generation_tokens_total: {
    help: 'Tokens generated for requests that ended.',
    after: 'vllm:generation_tokens_total',
  },
  prefix_cache_queries_total: {
    help: 'Prompt tokens that were looked for in the prefix cache.',
    after: 'vllm:prefix_cache_queries_total',
  },
  prefix_cache_hits_total: {
    help: 'Prompt tokens that came from the prefix cache.',
    after: 'vllm:prefix_cache_hits_total',
  },
  model_load_failure_total: {
    help: 'Tries to load the model that failed.',
    after: undefined,
  },
  model_evictions_total: {
    help: 'Times the model was unloaded to make room for another.',
    after: undefined,
  },
  model_lost_total: {
    help: 'Times its process or its device went away.',
    after: undefined,
  },
  job_inputs_success_total: {
    help: 'Inputs of jobs that were answered.',
    after: undefined,
  },
  job_inputs_failure_total: {
    help: 'Inputs of jobs whose result is an error.',
    after: undefined,
  },
  job_takeovers_total: {
    help: 'Jobs that were taken over from a host that was not heard of any more.',
    after: undefined,
  },
} as const satisfies Record<string, Described>

/** Distributions, in seconds. One series a model. */
export const HISTOGRAMS = {
  request_queue_time_seconds: {
    help: 'From taken in to a slot.',
    after: 'vllm:request_queue_time_seconds, tgi_request_queue_duration',
    buckets: REQUEST_SECONDS,
  },
  time_to_first_token_seconds: {
    help: 'From taken in to the first token.',
    after: 'vllm:time_to_first_token_seconds',
    buckets: REQUEST_SECONDS,
  },
  inter_token_latency_seconds: {
    help: 'From one token of a request to its next.',
    after: 'vllm:inter_token_latency_seconds (before: vllm:time_per_output_token_seconds)',
    buckets: TOKEN_SECONDS,
  },
  request_time_per_output_token_seconds: {
    help: 'Mean time from token to token of a request that finished.',
    after: 'vllm:request_time_per_output_token_seconds, tgi_request_mean_time_per_token_duration',
    buckets: TOKEN_SECONDS,
  },
  e2e_request_latency_seconds: {
    help: 'From taken in to the end, of requests that finished.',
    after: 'vllm:e2e_request_latency_seconds, tgi_request_duration',
    buckets: REQUEST_SECONDS,
  },
  model_load_duration_seconds: {
    help: 'From the start of a load that worked to the end of its warm-up; their count is the number of loads.',
    after: 'nv_model_load_duration_secs (Triton)',
    buckets: [0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320],
  },
} as const satisfies Record<string, Described>

/** Of the process as a whole; without labels. */
export const PROCESS_GAUGES = {
  nodejs_eventloop_lag_p50_seconds: {
    help: 'Event-loop delay of the HTTP thread since it was last read, median.',
    after: 'prom-client nodejs_eventloop_lag_p50_seconds',
  },
  nodejs_eventloop_lag_p99_seconds: {
    help: 'Event-loop delay of the HTTP thread since it was last read, 99th percentile.',
    after: 'prom-client nodejs_eventloop_lag_p99_seconds',
  },
  nodejs_eventloop_lag_max_seconds: {
    help: 'Event-loop delay of the HTTP thread since it was last read, longest.',
    after: 'prom-client nodejs_eventloop_lag_max_seconds',
  },
  process_resident_memory_bytes: {
    help: 'Resident memory of the host, the processes of its models included.',
    after: 'prom-client process_resident_memory_bytes',
  },
  device_memory_used_bytes: {
    help: 'Memory in use on the accelerator, where it is known.',
    after: undefined,
  },
  device_memory_total_bytes: {
    help: 'Memory of the accelerator, where it is known.',
    after: undefined,
  },
} as const satisfies Record<string, Described>
