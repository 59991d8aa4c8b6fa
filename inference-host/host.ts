import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { TwohopError } from '../shared/errors.ts'
import { createAdmit } from './admission/admit.ts'
import { createAuthenticate } from './admission/authenticate.ts'
import { importPublicKeys } from './admission/keys.ts'
import { createReplayGuard } from './admission/replay.ts'
import type { Config } from './config.ts'
import { chooseDevice } from './device/choose.ts'
import { createTryDevice } from './device/try.ts'
import type { Engine, ModelInfo } from './engine/port.ts'
import { startThreadEngine } from './engine/thread.ts'
import { warmUp } from './engine/warm-up.ts'
import type { Log } from './log.ts'
import { verifyModel } from './models/lock.ts'
import { type ModelEntry, readManifest } from './models/manifest.ts'
import { createQueue, type Queue } from './scheduler/queue.ts'
import { createRequests } from './scheduler/requests.ts'
import { createApp } from './server/app.ts'
import { listen } from './server/listen.ts'

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
  const engines: Engine[] = []
  const requests = createRequests({ keepMs: KEEP_ENDED_MS, most: MOST_ENDED })
  const replays = createReplayGuard(config.HOST_REPLAY_ENTRIES)
  let ready = false

  const app = createApp({
    authenticate: createAuthenticate(keys),
    admit: createAdmit({ queues, requests, replays, ready: () => ready }),
    requests,
    replays,
    ready: () => ready,
    bodyBytes: config.HOST_BODY_BYTES,
    log,
  })
  const server = await listen(app.fetch, config.HOST_BIND, config.HOST_PORT)
  log('listening', { url: server.url })

  async function stop(flushMs: number): Promise<void> {
    await server.close(flushMs)
    await Promise.all(engines.map((engine) => engine.close()))
  }

  const started = await Promise.allSettled(
    manifest.models.map(async (entry) => {
      const engine = await startModel(entry, config, log)
      engines.push(engine)
      await warmUp(engine)
      queues.set(entry.id, createQueue({ engine, limit: config.HOST_QUEUE }))
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

/** Verifies one model, chooses its device, and loads it. */
async function startModel(entry: ModelEntry, config: Config, log: Log): Promise<Engine> {
  const began = performance.now()
  const { folder } = await verifyModel(entry, {
    manifestFile: config.MODELS_FILE,
    modelsDir: config.MODELS_DIR,
  })
  const request = {
    folder,
    task: entry.task,
    dtype: entry.dtype,
    context: entry.context,
    threads: config.HOST_THREADS,
  }
  const { device, dtype, why } = await chooseDevice({
    preference: config.HOST_DEVICE === 'auto' ? entry.device : config.HOST_DEVICE,
    files: await readdir(path.join(folder, 'onnx')),
    request,
    tryDevice: createTryDevice(config.HOST_PROBE_SECONDS * 1000),
  })
  log('device', { model: entry.id, chosen: device, why })
  const engine = await startThreadEngine({ ...request, id: entry.id, device, dtype }).catch((cause) => {
    throw new Error(`${entry.id} does not load on ${device}: ${cause.message}`, { cause })
  })
  const { task, context, overhead } = engine.info
  log('model', {
    id: entry.id,
    task,
    device,
    dtype,
    context,
    overhead_request: overhead.request,
    overhead_item: overhead.item,
    load_ms: Math.round(performance.now() - began),
  })
  return engine
}
