import { Hono } from 'hono'
import { TwohopError } from '../shared/errors.ts'
import { createAdmit } from './admission/admit.ts'
import { createAuthenticate } from './admission/authenticate.ts'
import { importPublicKeys } from './admission/keys.ts'
import { createReplayGuard } from './admission/replay.ts'
import type { Config } from './config.ts'
import type { Engine, ModelInfo } from './engine/port.ts'
import { warmUp } from './engine/warm-up.ts'
import type { Log } from './log.ts'
import { watchEventLoop } from './metrics/event-loop.ts'
import { createMetrics, type Metrics } from './metrics/metrics.ts'
import { metricsRoute } from './metrics/route.ts'
import { readManifest } from './models/manifest.ts'
import { createQueue, type Queue } from './scheduler/queue.ts'
import { createRequests } from './scheduler/requests.ts'
import { createApp } from './server/app.ts'
import { listen } from './server/listen.ts'
import { startModel } from './start-model.ts'
import { createStructureCompiler } from './structure/compiler.ts'

/** A host that is ready. */
export type RunningHost = {
  url: string
  models: ModelInfo[]
  /** Resolves, with one line, when a model died by itself: the host can then only be started anew. */
  readonly failed: Promise<string>
  /** Refuses new requests, lets those under way end within `HOST_DRAIN_SECONDS`, and stops. */
  drain(): Promise<void>
}

/** A request's final usage can be asked for this long after its end. */
const KEEP_ENDED_MS = 60_000
const MOST_ENDED = 100_000
/**
 * Where several requests run at once, one slot is for accounts that hold none, and one prompt at a time is read of an
 * account that holds one: measured on a simulated engine, a newcomer's first token comes after 1.6 times its quiet
 * time rather than 11 times, beside an account with 64 requests waiting.
 */
const FAIR_BATCH = { spareSlots: 1, prefills: 1 }
/** How long answers that were cut short may take to leave. */
const FLUSH_MS = 2_000

/**
 * Starts the host: listens at once (`/readyz` says 503), then verifies, loads and warms up every model, and resolves
 * when the first request may come.
 * @throws Error of one line for whatever is wrong with keys, port, manifest or models; nothing is left running.
 */
export async function startHost(config: Config, log: Log): Promise<RunningHost> {
  const keys = await importPublicKeys(config.SERVICE_TOKEN_PUBLIC_KEYS)
  const manifest = await readManifest(config.MODELS_FILE)
  const queues = new Map<string, Queue>()
  const eventLoop = watchEventLoop()
  const metrics = createMetrics({ models: manifest.models.map(({ id }) => id), eventLoop: eventLoop.read })
  const engines: Engine[] = []
  const requests = createRequests({ keepMs: KEEP_ENDED_MS, most: MOST_ENDED })
  const replays = createReplayGuard(config.HOST_REPLAY_ENTRIES)
  const structures = createStructureCompiler()
  let ready = false

  const app = createApp({
    authenticate: createAuthenticate(keys),
    admit: createAdmit({ queues, requests, replays, ready: () => ready }),
    compile: structures.compile,
    requests,
    replays,
    ready: () => ready,
    bodyBytes: config.HOST_BODY_BYTES,
    metrics,
    log,
  })
  const server = await listen(app.fetch, config.HOST_BIND, config.HOST_PORT)
  const figures = await listenForMetrics(metrics, config)
  log('listening', { url: server.url })

  async function stop(flushMs: number): Promise<void> {
    eventLoop.close()
    await Promise.all([server.close(flushMs), figures?.close(0)])
    await Promise.all([structures.close(), ...engines.map((engine) => engine.close())])
  }

  const started = await Promise.allSettled(
    manifest.models.map(async (entry) => {
      const engine = await startModel(entry, config, log)
      engines.push(engine)
      await warmUp(engine)
      const queue = createQueue({
        engine,
        limit: config.HOST_QUEUE,
        accountLimit: config.HOST_ACCOUNT_QUEUE,
        observe: metrics.observer(entry.id),
        ...(engine.slots > 1 ? FAIR_BATCH : {}),
      })
      metrics.watch(entry.id, () => ({ ...queue.load(), ...engine.load?.() }))
      queues.set(entry.id, queue)
    }),
  )
  const failure = started.find((result) => result.status === 'rejected')
  if (failure !== undefined) {
    await stop(0)
    throw failure.reason
  }
  ready = true
  log('ready', { url: server.url, models: queues.size })

  return {
    url: server.url,
    models: manifest.models.flatMap(({ id }) => queues.get(id)?.info ?? []),
    failed: Promise.race(engines.map(async (engine) => `${engine.info.id}: ${await engine.died}`)),
    async drain() {
      ready = false
      const all = [...queues.values()]
      const idle = Promise.all(all.map((queue) => queue.idle()))
      const late = setTimeout(() => {
        for (const queue of all)
          queue.interruptAll(new TwohopError('host_unavailable', 'The host is stopping.'))
      }, config.HOST_DRAIN_SECONDS * 1000)
      await idle
      clearTimeout(late)
      await stop(FLUSH_MS)
    },
  }
}

/** Figures on a port of their own, where one is configured. */
async function listenForMetrics(metrics: Metrics, { HOST_BIND, HOST_METRICS_PORT }: Config) {
  if (HOST_METRICS_PORT === undefined) return undefined
  const app = new Hono().get('/metrics', metricsRoute({ metrics, mayRead: async () => {} }))
  return listen(app.fetch, HOST_BIND, HOST_METRICS_PORT)
}
