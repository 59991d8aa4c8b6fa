import type { Instruments } from './instruments.ts'
import type { JobEvent } from './job-events.ts'
import type { ResidencyEvent } from './residency-events.ts'
import type { Observer } from './scheduler-events.ts'

type Of = Pick<Instruments, 'counters' | 'histograms'>

/** Counts what a model's queue reports. */
export function observeRequests({ counters, histograms }: Of, model: string): Observer {
  const labels = { model }
  const queueTime = histograms.request_queue_time_seconds.labels(labels)
  const firstToken = histograms.time_to_first_token_seconds.labels(labels)
  const nextToken = histograms.inter_token_latency_seconds.labels(labels)
  const perToken = histograms.request_time_per_output_token_seconds.labels(labels)
  const endToEnd = histograms.e2e_request_latency_seconds.labels(labels)

  return function observe(event) {
    switch (event.type) {
      case 'refused':
        return counters.admission_rejections_total.inc(labels)
      case 'begun':
        return queueTime.observe(event.queueMs / 1000)
      case 'first_token':
        return firstToken.observe(event.sinceSubmitMs / 1000)
      case 'token':
        return nextToken.observe(event.gapMs / 1000)
      case 'ended': {
        const { promptTokens, cachedPromptTokens, outputTokens } = event.report
        counters.prompt_tokens_total.inc(labels, promptTokens)
        counters.generation_tokens_total.inc(labels, outputTokens)
        if (cachedPromptTokens !== undefined) {
          counters.prefix_cache_queries_total.inc(labels, promptTokens)
          counters.prefix_cache_hits_total.inc(labels, cachedPromptTokens)
        }
        if (event.code === 'cancelled') return counters.request_cancelled_total.inc(labels)
        if (event.code !== 'finished') return counters.request_failure_total.inc(labels)
        counters.request_success_total.inc(labels)
        endToEnd.observe(event.tookMs / 1000)
        if (event.perTokenMs !== undefined) perToken.observe(event.perTokenMs / 1000)
      }
    }
  }
}

/** Counts what happens to a model in memory. */
export function observeResidency(
  { counters, histograms }: Of,
  model: string,
): (event: ResidencyEvent) => void {
  const labels = { model }
  return function observe(event) {
    switch (event.type) {
      case 'loaded':
        return histograms.model_load_duration_seconds.observe(labels, event.tookMs / 1000)
      case 'load_failed':
        return counters.model_load_failure_total.inc(labels)
      case 'evicted':
        return counters.model_evictions_total.inc(labels)
      case 'lost':
        return counters.model_lost_total.inc(labels)
    }
  }
}

/** Counts what happens to a model's jobs; `add` is told of jobs that come and go. */
export function observeJobs(
  { counters }: Pick<Of, 'counters'>,
  model: string,
  add: (jobs: number) => void,
): (event: JobEvent) => void {
  const labels = { model }
  return function observe(event) {
    switch (event.type) {
      case 'claimed':
        add(1)
        return counters.job_takeovers_total.inc(labels, event.takenOver ? 1 : 0)
      case 'input':
        return counters[event.failed ? 'job_inputs_failure_total' : 'job_inputs_success_total'].inc(labels)
      case 'left':
        add(-1)
    }
  }
}
