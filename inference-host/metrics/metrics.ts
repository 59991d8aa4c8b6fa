import type { Delay } from './event-loop.ts'
import { createInstruments } from './instruments.ts'
import type { JobEvent } from './job-events.ts'
import { observeJobs, observeRequests, observeResidency } from './observers.ts'
import type { ResidencyEvent } from './residency-events.ts'
import type { Observer } from './scheduler-events.ts'

/** A model's state right now. Figures that its engine does not know are left out. */
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
  /** Every model that may ever be served. The model is the only label. */
  models: readonly string[]
  /** The event loop's delay since this was last called, in seconds. */
  eventLoop: () => Delay
  /** Resident memory in bytes. */
  rss?: () => number
  /** Memory of the accelerator in bytes; undefined where it cannot be told at the moment. */
  deviceMemory?: () => { used: number; total: number } | undefined
}

/**
 * Metrics of a host. They hold counts and times only: no account, request or content.
 */
export function createMetrics({
  models,
  eventLoop,
  rss: processRss = () => process.memoryUsage.rss(),
  deviceMemory,
}: Options): Metrics {
  const instruments = createInstruments(models)
  const { registry, gauges, ofProcess } = instruments
  const watched = new Map<string, () => ModelState>()
  const jobsRunning = new Map<string, number>()

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
    ofProcess.process_resident_memory_bytes.set(processRss())
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
    observer: (model) => observeRequests(instruments, known(model)),
    residency: (model) => observeResidency(instruments, known(model)),
    jobs: (model) =>
      observeJobs(instruments, known(model), (jobs) =>
        jobsRunning.set(model, (jobsRunning.get(model) ?? 0) + jobs),
      ),
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
