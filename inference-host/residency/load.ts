import type { Config } from '../config.ts'
import type { Device } from '../device/port.ts'
import { reasonOf } from '../device/reason.ts'
import { startProcessEngine } from '../model-process/process.ts'
import { warmUp } from '../model-process/warm-up.ts'
import type { Log } from '../platform/log.ts'
import { mebibytes } from './bytes.ts'
import { structureBytes } from './need.ts'
import type { Loaded } from './port.ts'
import type { PreparedForm } from './prepare.ts'

/** What to do where a device was named and is not there. */
const ADVICE: Readonly<Partial<Record<Device, string>>> = {
  cuda:
    '. CUDA needs an NVIDIA GPU and a provider that npm does not install (docs/gpu.md); --device auto, or ' +
    'HOST_DEVICE=auto, takes what is there',
  webgpu:
    '. WebGPU needs an adapter and its driver (docs/gpu.md); --device auto, or HOST_DEVICE=auto, takes what is there',
}

/**
 * Loads a prepared model and runs it once. The memory that it takes is its process's resident memory, and the room that
 * its caches and the structures of its answers may still grow by. GPU memory counts as expected, because no figure by
 * process is available.
 * @throws Error of one line where it does not load or run.
 */
export async function startModel({ data, need }: PreparedForm, config: Config, log: Log): Promise<Loaded> {
  const began = performance.now()
  const engine = await startProcessEngine(data, config.HOST_LOAD_SECONDS * 1000).catch((cause) => {
    const reason = `${data.id} does not load on ${data.device}: ${reasonOf(cause)}`
    throw new Error(`${reason}${ADVICE[data.device] ?? ''}`, { cause })
  })
  await warmUp(engine).catch(async (error) => {
    await engine.close()
    throw error
  })
  const { task, device, dtype, context, overhead, imageTokens } = engine.info
  const { batching } = engine
  const alone = batching !== undefined && 'alone' in batching
  const kvBytes = (alone ? undefined : (data.batched ?? data.seq2seq)?.memoryBytes) ?? 0
  if (alone) log('one_at_a_time', { model: data.id, why: batching.alone })
  else if (batching !== undefined)
    log('batching', {
      model: data.id,
      family: 'encoder-decoder',
      kv_mb: mebibytes(kvBytes),
      batch_difference: batching.difference,
    })
  const growth = (device === 'cpu' ? kvBytes : 0) + structureBytes(task).host
  const atFirst = engine.rss()
  log('model', {
    id: data.id,
    task,
    device,
    dtype,
    slots: engine.slots,
    context,
    overhead_request: overhead.request,
    overhead_item: overhead.item,
    ...(imageTokens !== undefined && { image_tokens: imageTokens }),
    process: engine.pid,
    memory_mb: mebibytes(atFirst),
    load_ms: Math.round(performance.now() - began),
  })
  return {
    engine,
    rss: engine.rss,
    check: () => warmUp(engine),
    bytes: () => ({ host: Math.max(atFirst + growth, engine.rss()), device: need.device }),
  }
}
