import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Delay } from './event-loop.ts'
import type { JobEvent } from './job-events.ts'
import { COUNTERS, HISTOGRAMS, MODEL_GAUGES, PREFIX, PROCESS_GAUGES } from './names.ts'
import type { ResidencyEvent } from './residency-events.ts'
import type { Observer } from './scheduler-events.ts'

/** What is true of a model right now; what its engine does not know is left out. */
export type ModelState = {
  waiting: number
  running: number
  /** Requests in the last step. */
  batchSize?: number | undefined
  /** Part of the KV cache's memory budget that is in use: 0 to 1. */
  kvCacheUsage?: number | undefined
  /** Whether it is in memory, and the bytes of it that it takes. */
  resident?: boolean | undefined
  rss?: number | undefined
}

/** The figures of one host, in Prometheus's text format. */
export type Metrics = {
  /**
   * Counts what a queue of `model` reports.
   * @throws RangeError for a model that was not named at the start: labels must not grow without bound.
   */
  observer(model: string): Observer
  /** Counts what happens to `model` in memory. @throws RangeError as `observer` does. */
  residency(model: string): (event: ResidencyEvent) => void
  /** Counts what happens to jobs of `model`. @throws RangeError as `observer` does. */
  jobs(model: string): (event: JobEvent) => void
  /**
   * Reads the state of `model` whenever the text is made, until the function that is returned is called.
   * @throws RangeError as `observer` does.
   */
  watch(model: string, read: () => ModelState): () => void
  text(): Promise<string>
  readonly contentType: string
}

type Options = {
  /** Every model that may ever be served: the one label there is. */
  models: readonly string[]
  /** The event loop's delay since this was last called, in seconds. */
  eventLoop: () => Delay
  /** Resident memory in bytes. */
  rss?: () => number
  /** Memory of the accelerator in bytes; undefined where it cannot be told at the moment. */
  deviceMemory?: () => { used: number; total: number } | undefined
}

const labelNames = ['model'] as const
type Label = (typeof labelNames)[number]

/**
 * Metrics of a host, in a registry of their own. They hold counts and times only: no account, request or content. Each
 * series of a known model is there from the start, so that the first event is seen as a rise from 0.
 */
export function createMetrics({
  models,
  eventLoop,
  rss = () => process.memoryUsage.rss(),
  deviceMemory,
}: Options): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const watched = new Map<string, () => ModelState>()
  const jobsRunning = new Map<string, number>()

  const gauges = build(
    MODEL_GAUGES,
    (name, { help }) => new Gauge<Label>({ name, help, labelNames, registers }),
  )
  const counters = build(
    COUNTERS,
    (name, { help }) => new Counter<Label>({ name, help, labelNames, registers }),
  )
  const histograms = build(
    HISTOGRAMS,
    (name, { help, buckets }) =>
      new Histogram<Label>({ name, help, labelNames, registers, buckets: [...buckets] }),
  )
  const ofProcess = build(PROCESS_GAUGES, (name, { help }) => new Gauge({ name, help, registers }))
  for (const model of models) {
    for (const counter of Object.values(counters)) counter.inc({ model }, 0)
    for (const histogram of Object.values(histograms)) histogram.zero({ model })
  }

  function known(model: string): string {
    if (!models.includes(model)) throw new RangeError(`no model ${model} was named for the metrics`)
    return model
  }

  function readModels(): void {
    for (const gauge of Object.values(gauges)) gauge.reset()
    for (const [model, jobs] of jobsRunning) gauges.jobs_running.set({ model }, jobs)
    for (const [model, read] of watched) {
      const { running, waiting, batchSize, kvCacheUsage, resident, rss } = read()
      gauges.num_requests_running.set({ model }, running)
      gauges.num_requests_waiting.set({ model }, waiting)
      if (batchSize !== undefined) gauges.batch_current_size.set({ model }, batchSize)
      if (kvCacheUsage !== undefined) gauges.kv_cache_usage_perc.set({ model }, kvCacheUsage)
      if (resident !== undefined) gauges.model_resident.set({ model }, resident ? 1 : 0)
      if (rss !== undefined) gauges.model_memory_bytes.set({ model }, rss)
    }
  }

  function readProcess(): void {
    const { p50, p99, max } = eventLoop()
    ofProcess.nodejs_eventloop_lag_p50_seconds.set(p50)
    ofProcess.nodejs_eventloop_lag_p99_seconds.set(p99)
    ofProcess.nodejs_eventloop_lag_max_seconds.set(max)
    ofProcess.process_resident_memory_bytes.set(rss())
    const { device_memory_used_bytes: used, device_memory_total_bytes: total } = ofProcess
    const memory = deviceMemory?.()
    // A gauge that was never set would say 0, which is not the same as unknown.
    used.remove()
    total.remove()
    if (memory === undefined) return
    used.set(memory.used)
    total.set(memory.total)
  }

  return {
    contentType: registry.contentType,
    observer(model) {
      const labels = { model: known(model) }
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
            if (event.code !== 'finished') return counters.request_failure_total.inc(labels)
            counters.request_success_total.inc(labels)
            endToEnd.observe(event.tookMs / 1000)
            if (event.perTokenMs !== undefined) perToken.observe(event.perTokenMs / 1000)
          }
        }
      }
    },
    residency(model) {
      const labels = { model: known(model) }
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
    },
    jobs(model) {
      const labels = { model: known(model) }
      const add = (jobs: number) => jobsRunning.set(model, (jobsRunning.get(model) ?? 0) + jobs)
      return function observe(event) {
        switch (event.type) {
          case 'claimed':
            add(1)
            return counters.job_takeovers_total.inc(labels, event.takenOver ? 1 : 0)
          case 'input':
            return counters[event.failed ? 'job_inputs_failure_total' : 'job_inputs_success_total'].inc(
              labels,
            )
          case 'left':
            add(-1)
        }
      }
    },
    watch(model, read) {
      watched.set(known(model), read)
      return () => {
        if (watched.get(model) === read) watched.delete(model)
      }
    },
    text() {
      readModels()
      readProcess()
      return registry.metrics()
    },
  }
}

/** One instrument for each metric of a table, under its full name. */
function build<Name extends string, Described, Instrument>(
  table: Record<Name, Described>,
  make: (name: string, described: Described) => Instrument,
): Record<Name, Instrument> {
  const entries = Object.entries<Described>(table)
  // The names of `table`, each once: `fromEntries` forgets them.
  return Object.fromEntries(
    entries.map(([name, described]) => [name, make(PREFIX + name, described)]),
  ) as Record<Name, Instrument>
}
