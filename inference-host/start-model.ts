import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Config } from './config.ts'
import { chooseDevice } from './device/choose.ts'
import { type Dtype, SUFFIX } from './device/dtype.ts'
import type { Device } from './device/port.ts'
import { createTryDevice } from './device/try.ts'
import type { WorkerData } from './engine/messages.ts'
import type { Engine } from './engine/port.ts'
import { startThreadEngine } from './engine/thread.ts'
import type { Log } from './log.ts'
import { verifyModel } from './models/lock.ts'
import type { ModelEntry } from './models/manifest.ts'
import { ensureServingForm, type ServingForm } from './serving-form/ensure.ts'

/** Verifies one model, chooses its device, and loads it. */
export async function startModel(entry: ModelEntry, config: Config, log: Log): Promise<Engine> {
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
  const batched = await prepareBatching(entry, { folder, device, dtype }, config, log)
  const engine = await startThreadEngine({ ...request, id: entry.id, device, dtype, ...batched }).catch(
    (cause) => {
      throw new Error(`${entry.id} does not load on ${device}: ${cause.message}`, { cause })
    },
  )
  const { task, context, overhead } = engine.info
  log('model', {
    id: entry.id,
    task,
    device,
    dtype,
    slots: engine.slots,
    context,
    overhead_request: overhead.request,
    overhead_item: overhead.item,
    load_ms: Math.round(performance.now() - began),
  })
  return engine
}

/** What a decoder needs to be batched; nothing, and a line that says why, where it cannot be. */
async function prepareBatching(
  { id, task }: ModelEntry,
  { folder, device, dtype }: { folder: string; device: Device; dtype: string },
  config: Config,
  log: Log,
): Promise<Pick<WorkerData, 'batched'>> {
  if (task !== 'text-generation' || config.HOST_SLOTS === 1) return {}
  const form: ServingForm | { unsupported: string } =
    device === 'cpu'
      ? await ensureServingForm({
          folder,
          graph: `model${SUFFIX[dtype as Dtype]}`,
          home: path.join(config.MODELS_DIR, 'serving', encodeURIComponent(id), dtype),
          threads: config.HOST_THREADS,
          timeoutMs: config.HOST_PREPARE_SECONDS * 1000,
        })
      : { unsupported: 'batching is for the CPU so far' }
  if ('unsupported' in form) {
    log('one_at_a_time', { model: id, why: form.unsupported })
    return {}
  }
  const { file, description, batchDifference } = form
  log('batching', { model: id, family: description.family, batch_difference: batchDifference })
  return {
    batched: { file, description, slots: config.HOST_SLOTS, memoryBytes: config.HOST_KV_MB * 2 ** 20 },
  }
}
