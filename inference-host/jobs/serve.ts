import type { Admit } from '../admission/admit.ts'
import type { PublicKeys } from '../admission/jwks.ts'
import type { Config } from '../config.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ModelQueue } from '../scheduler/model-queue.ts'
import type { Host } from '../server/call.ts'
import { createStartInput } from './input.ts'
import { createUpstashJobs } from './upstash.ts'
import { createVerifyJob } from './verify.ts'
import { createWorkOnJob } from './work-on-job.ts'
import { createWorker, type Worker } from './worker.ts'

/** The longest that one round trip to the store may take, in milliseconds. */
const STORE_MS = 5000

type World = Host & {
  config: Config
  keys: PublicKeys
  queues: ReadonlyMap<string, ModelQueue>
  /** Admits inputs of jobs, below every interactive request. */
  admit: Admit
  metrics: Pick<Metrics, 'jobs'>
}

/** Takes jobs for every model from now on; undefined where no store of jobs is configured. */
export function serveJobs({ config, keys, queues, metrics, ...host }: World): Worker | undefined {
  const { HOST_JOBS_REDIS_URL: url, HOST_JOBS_REDIS_TOKEN: token } = config
  if (url === undefined || token === undefined) return undefined
  const claimMs = config.HOST_JOBS_CLAIM_SECONDS * 1000
  const pollMs = config.HOST_JOBS_POLL_SECONDS * 1000
  const store = createUpstashJobs({
    url,
    token,
    // A store that hangs is noticed before the claim has lapsed.
    timeoutMs: Math.min(STORE_MS, claimMs / 3),
    host: crypto.randomUUID(),
    claimMs,
    // Three looks may be missed before the edge takes in no more jobs.
    servedMs: 60_000 + 3 * Math.max(pollMs, claimMs / 3),
  })
  const observe: Parameters<typeof createWorkOnJob>[0]['observe'] = (model, event) =>
    metrics.jobs(model)(event)
  const { log, tracer } = host
  const work = createWorkOnJob({
    store,
    verify: createVerifyJob(keys),
    startInput: createStartInput(host),
    slots: (model) => queues.get(model)?.slots ?? 0,
    claimMs,
    observe,
    tracer,
    log,
  })
  return createWorker({ store, work, models: [...queues.keys()], pollMs, observe, log })
}
