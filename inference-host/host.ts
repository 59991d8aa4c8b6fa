import { Hono } from 'hono'
import { TwohopError } from '../shared/errors.ts'
import { listen } from '../shared/listen.ts'
import { otlpTracer } from '../shared/tracing/otlp-tracer.ts'
import type { TellFailed } from '../shared/unread-request.ts'
import { createAdmit } from './admission/admit.ts'
import { createAuthenticate } from './admission/authenticate.ts'
import { createRefuseBusy } from './admission/busy.ts'
import { importPublicKeys } from './admission/jwks.ts'
import { createReplayGuard } from './admission/replay.ts'
import type { Config } from './config.ts'
import { createStructureCompiler } from './decoding/structure/pool/compiler.ts'
import { serveJobs } from './jobs/serve.ts'
import type { Worker } from './jobs/worker.ts'
import { watchDeviceMemory } from './metrics/device-memory.ts'
import { watchEventLoop } from './metrics/event-loop.ts'
import { createMetrics, type Metrics } from './metrics/metrics.ts'
import { faultOf } from './platform/fault.ts'
import type { Log } from './platform/log.ts'
import { type Models, serveModels } from './residency/serve.ts'
import type { ModelQueue } from './scheduler/model-queue.ts'
import { createRequests } from './scheduler/requests.ts'
import { createTurns } from './scheduler/turns.ts'
import { createApp } from './server/app.ts'
import { logInternal } from './server/internal.ts'
import { createSayLoad } from './server/load-header.ts'
import { metricsRoute } from './server/metrics.ts'
import { readManifest } from './weights/manifest.ts'
import type { ModelInfo } from './work/engine.ts'

/** A host that is ready. */
export type RunningHost = {
  url: string
  models: ModelInfo[]
  /** Refuses new requests, lets those under way end within `HOST_DRAIN_SECONDS`, and stops. */
  drain(): Promise<void>
}

const MOST_ENDED = 100_000
/** Below what a usual structure takes; see the fair queue's options. */
const COMPILE_QUANTUM_MS = 1
/** How long jobs may take to be given back once nothing runs any more. */
const RETURN_MS = 3_000
/** How long answers that were cut short may take to leave. */
const FLUSH_MS = 2_000

/**
 * Starts the host: listens at once (`/readyz` says 503), then verifies every model, loads those that are to be there
 * from the start, and resolves when the first request may come.
 * @throws Error of one line for any fault of keys, port, manifest or models, which names the variable. Nothing is left
 *   running.
 */
export async function startHost(config: Config, log: Log): Promise<RunningHost> {
  const keys = await of('SERVICE_TOKEN_PUBLIC_KEYS', importPublicKeys(config.SERVICE_TOKEN_PUBLIC_KEYS))
  const manifest = await readManifest(config.MODELS_FILE, 'MODELS_FILE')
  const queues = new Map<string, ModelQueue>()
  const tracer = await otlpTracer(config, {
    onChange: (away) => log(away ? 'traces_not_sent' : 'traces_sent', away && faultOf(away.error)),
  })
  const eventLoop = watchEventLoop()
  const deviceMemory = watchDeviceMemory()
  let models: Models | undefined
  let jobs: Worker | undefined
  const metrics = createMetrics({
    models: manifest.models.map(({ id }) => id),
    eventLoop: eventLoop.read,
    rss: () => process.memoryUsage.rss() + (models?.rss() ?? 0),
    deviceMemory: deviceMemory.read,
  })
  const requests = createRequests({ most: MOST_ENDED })
  const replays = createReplayGuard(config.HOST_REPLAY_ENTRIES)
  const structures = createStructureCompiler({ turns: () => createTurns({ quantum: COMPILE_QUANTUM_MS }) })
  let ready = false

  const gate = { queues, requests, ready: () => ready }
  const body = { most: config.HOST_BODY_BYTES, timeoutMs: config.HOST_BODY_SECONDS * 1000 }
  const host = { structures, body, mediaBytes: config.HOST_MEDIA_BYTES, tracer, log }

  const app = createApp({
    ...host,
    authenticate: createAuthenticate(keys),
    admit: createAdmit(gate),
    refuseBusy: createRefuseBusy(queues),
    sayLoad: createSayLoad(gate),
    requests,
    replays,
    ready: () => ready,
    trouble: () => models?.trouble(),
    lookForJobs: config.HOST_JOBS_REDIS_URL === undefined ? undefined : () => jobs?.wake(),
    metrics,
  })
  const failed: TellFailed = (error, id) => logInternal(log, id, error)
  const server = await listen(app.fetch, { bind: config.HOST_BIND, port: config.HOST_PORT, failed })
  const figures = await listenForMetrics(metrics, config, failed)
  log('listening', { url: server.url })

  async function stop(flushMs: number): Promise<void> {
    eventLoop.close()
    deviceMemory.close()
    await Promise.all([server.close(flushMs), figures?.close(0)])
    await Promise.all([structures.close(), models?.close()])
    await tracer?.close()
  }

  try {
    models = await serveModels(manifest.models, config, metrics, log)
  } catch (error) {
    await stop(0)
    throw error
  }
  for (const [id, queue] of models.queues) queues.set(id, queue)
  ready = true
  jobs = serveJobs({
    ...host,
    config,
    keys,
    queues,
    metrics,
    admit: createAdmit({ ...gate, priority: 'job' }),
  })
  log('ready', { url: server.url, models: queues.size, jobs: jobs !== undefined })

  return {
    url: server.url,
    models: models.info,
    async drain() {
      ready = false
      const all = [...queues.values()]
      const idle = Promise.all(all.map((queue) => queue.idle()))
      const late = setTimeout(() => {
        for (const queue of all)
          queue.interruptAll(new TwohopError('host_unavailable', 'The host is stopping.'))
      }, config.HOST_DRAIN_SECONDS * 1000)
      await Promise.all([idle, jobs?.drain(idle, RETURN_MS)])
      clearTimeout(late)
      await stop(FLUSH_MS)
    },
  }
}

/** Figures on a port of their own, where one is configured. */
async function listenForMetrics(
  metrics: Metrics,
  { HOST_BIND, HOST_METRICS_PORT }: Config,
  failed: TellFailed,
) {
  if (HOST_METRICS_PORT === undefined) return undefined
  const app = new Hono().get('/metrics', metricsRoute({ metrics, mayRead: async () => {} }))
  const names = { bind: 'HOST_BIND', port: 'HOST_METRICS_PORT' }
  return listen(app.fetch, { bind: HOST_BIND, port: HOST_METRICS_PORT, names, failed })
}

/** What `made` gives. An error of its gets the name of the variable that it is about. */
async function of<Made>(variable: keyof Config, made: Promise<Made>): Promise<Made> {
  try {
    return await made
  } catch (cause) {
    throw new Error(`${variable}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
