import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Config } from '../config.ts'
import { servedContext } from '../decoding/batching/served-context.ts'
import type { ServingForm } from '../decoding/serving-form/ensure.ts'
import { servingFormOf } from '../decoding/serving-form/of-model.ts'
import { chooseDevice } from '../device/choose.ts'
import { pickDtype } from '../device/dtype.ts'
import { type Device, type Dtype, encodes, type LoadRequest } from '../device/port.ts'
import { createTryDevice } from '../device/try.ts'
import { lanesOn } from '../encoding/lanes.ts'
import type { WorkerData } from '../model-process/messages.ts'
import type { Log } from '../platform/log.ts'
import type { Seq2seqBatching } from '../seq2seq/load.ts'
import { chooseFiles } from '../weights/files.ts'
import { type LockedModel, listFiles, verifyModel } from '../weights/lock.ts'
import type { ModelEntry } from '../weights/manifest.ts'
import type { ModelInfo } from '../work/engine.ts'
import { type Bytes, mebibytes, NONE, sum } from './bytes.ts'
import { describe } from './describe.ts'
import type { Description } from './description.ts'
import { SPARE_SLOTS } from './fair-batch.ts'
import { cachesIn, estimate, fileBytes, structureBytes } from './need.ts'

/** One way to load a model: what its engine is started with, and what it is expected to take. */
export type PreparedForm = { data: WorkerData; need: Bytes }

/** A model that is proved to be what was locked, and only has to be loaded. */
export type PreparedModel = {
  entry: ModelEntry
  /** What its files say of its text: read once, when it is first asked for. */
  description: () => Promise<Description>
  /** Its own device first, then the one to fall back to. */
  forms: [PreparedForm, ...PreparedForm[]]
}

/** How long reading a model's files may take. */
const DESCRIBE_MS = 60_000

/**
 * Verifies one model, chooses its device, and prepares it for batching, but loads nothing.
 * @throws Error of one line where its files are not what was locked, or no device can load them.
 */
export async function prepareModel(
  entry: ModelEntry,
  config: Config,
  budget: Bytes,
  log: Log,
): Promise<PreparedModel> {
  const { folder, locked } = await verifyModel(entry, {
    manifestFile: config.MODELS_FILE,
    modelsDir: config.MODELS_DIR,
  })
  const files = await readdir(path.join(folder, 'onnx'))
  const names = await listFiles(folder)
  const sizeOn = (on: Device, as: Dtype) =>
    fileBytes(folder, chooseFiles(names, { task: entry.task, dtype: as, device: on }, entry.id).files)
  const request = {
    folder,
    task: entry.task,
    dtype: entry.dtype,
    context: entry.context,
    threads: config.HOST_THREADS,
  }
  const { device, dtype, why } = await chooseDevice({
    preference: config.HOST_DEVICE === 'auto' ? entry.device : config.HOST_DEVICE,
    files,
    request,
    bytes: sizeOn,
    tryDevice: createTryDevice(config.HOST_PROBE_SECONDS * 1000),
  })
  log('device', { model: entry.id, chosen: device, why })

  let read: Promise<Description> | undefined
  const description = () =>
    (read ??= describe(entry.id, { folder, context: entry.context, task: entry.task }, DESCRIBE_MS))

  async function form(on: Device, as: Dtype): Promise<PreparedForm> {
    const load: LoadRequest = { ...request, device: on, dtype: as }
    const { batched, context } =
      (await prepareBatching(entry, locked, load, description, budget, config, log)) ?? {}
    const copies = encodes(entry.task) ? lanesOn(on, request.threads) : 1
    const seq2seq = seq2seqFor(entry, on, budget, config, log)
    const caches = batched
      ? { ...NONE, [cachesIn(batched.description)]: batched.memoryBytes }
      : { ...NONE, host: seq2seq?.memoryBytes ?? 0 }
    const growth = sum([caches, structureBytes(entry.task)])
    const need = estimate(copies * (await sizeOn(on, as)), on, growth)
    const how = { ...(batched && { batched, context }), ...(seq2seq && { seq2seq }) }
    return { data: { ...load, id: entry.id, ...how }, need }
  }

  const forms: PreparedModel['forms'] = [await form(device, dtype)]
  if (entry.fallback === 'cpu' && device !== 'cpu')
    forms.push(await form('cpu', pickDtype(entry.dtype, entry.task, 'cpu', files)))
  return { entry, description, forms }
}

/** What clients and the scheduler may know of a model that is not loaded yet. */
export async function infoOf({ entry, description, forms }: PreparedModel): Promise<ModelInfo> {
  const { device, dtype } = forms[0].data
  const { context: longest, overhead, imageTokens, imagePatches } = await description()
  // What every form of it holds: it may fall back from one to the other.
  const context = Math.min(longest, ...forms.flatMap(({ data }) => data.context ?? []))
  const { id, task } = entry
  return {
    ...{ id, task, device, dtype, context, overhead },
    ...(imageTokens !== undefined && { imageTokens }),
    ...(imagePatches && { imagePatches }),
  }
}

/** What a decoder needs to be batched. Where it cannot be, it gives nothing and logs a line that says why. */
async function prepareBatching(
  { id, task, context: given, public_prefixes: publicPrefixes = [] }: ModelEntry,
  locked: LockedModel,
  { folder, device, dtype, threads }: LoadRequest,
  describeText: PreparedModel['description'],
  budget: Bytes,
  config: Config,
  log: Log,
): Promise<{ batched: NonNullable<WorkerData['batched']>; context: number } | undefined> {
  const slots = config.HOST_SLOTS
  if (task !== 'text-generation' || slots === 1) return undefined
  const alone = (why: string) => void log('one_at_a_time', { model: id, why })

  const described = await describeText()
  if (described.unfollowed.length > 0)
    return alone(`its generation config asks for ${described.unfollowed.join(', ')}`)
  const form = await servingFormOf({
    id,
    folder,
    locked,
    device,
    dtype,
    modelsDir: config.MODELS_DIR,
    threads,
    timeoutMs: config.HOST_PREPARE_SECONDS * 1000,
    measure: config.HOST_EXACT,
  })
  if ('unsupported' in form) return alone(form.unsupported)
  const { file, description, difference } = form
  const inexact = config.HOST_EXACT ? whyNotExact(form) : undefined
  if (inexact !== undefined) return alone(`HOST_EXACT is set, and ${inexact}`)
  const served = servedContext(description, {
    context: described.context,
    isGiven: given !== undefined,
    most: config.HOST_KV_MB * 2 ** 20,
    // No more than a quarter, so that the default leaves a small machine its models, unless one request needs it.
    part: Math.floor(budget[cachesIn(description)] / 4),
  })
  if ('needs' in served)
    return alone(
      `HOST_KV_MB must be at least ${mebibytes(served.needs)} for ${served.context} tokens of context`,
    )
  const { context, memoryBytes } = served
  if (context < described.context)
    log('context_capped', {
      model: id,
      context,
      of: described.context,
      why: `its caches have ${mebibytes(memoryBytes)} MiB; HOST_KV_MB gives them more, and "context" in its entry decides otherwise`,
    })
  const oneByOne = config.HOST_EXACT && difference?.batch !== 0
  if (oneByOne && description.newLayout === 'in-place')
    return alone('HOST_EXACT is set, and a batch on this device differs in the last bits')
  log('batching', {
    model: id,
    family: description.family,
    kv_mb: mebibytes(memoryBytes),
    batch_difference: difference?.batch,
    ...(difference && difference.alone !== 0 && { alone_difference: difference.alone }),
    one_by_one: oneByOne,
  })
  // The spare slot comes on top, so that one account alone has as many as were asked for.
  const batched = { file, description, slots: slots + SPARE_SLOTS, memoryBytes, publicPrefixes, oneByOne }
  return { batched, context }
}

/**
 * Why the answers of a serving form, one sequence a call, are not those of transformers.js to the last bit. A few short
 * prompts can only show that they are not, so what is known of longer ones counts too.
 */
function whyNotExact({ description, difference }: ServingForm): string | undefined {
  const { family, kvType, fixedChunks } = description
  if (difference === undefined || difference.alone !== 0)
    return `a sequence alone differs from the export by ${difference?.alone}`
  if (family === 'spelled-out') return 'spelled-out attention sums over longer rows in a batch'
  if (kvType !== 'float32') return 'its caches are not of float32'
  return fixedChunks === undefined ? undefined : 'its attention depends on how a prompt is cut'
}

/** The most that an encoder-decoder's caches take: a text of 500 tokens takes 14 MiB of it in T5-small. */
const SEQ2SEQ_BYTES = 256 * 2 ** 20

/** How an encoder-decoder is to be batched. Where it cannot be, it gives nothing and logs a line that says why. */
function seq2seqFor(
  { id, task }: ModelEntry,
  device: Device,
  budget: Bytes,
  config: Config,
  log: Log,
): Seq2seqBatching | undefined {
  if (task !== 'summarization' && task !== 'translation') return undefined
  if (config.HOST_SLOTS === 1) return undefined
  if (device !== 'cpu') {
    log('one_at_a_time', { model: id, why: 'encoder-decoders are batched on the CPU only' })
    return undefined
  }
  const memoryBytes = Math.min(SEQ2SEQ_BYTES, config.HOST_KV_MB * 2 ** 20, Math.floor(budget.host / 4))
  return { slots: config.HOST_SLOTS + SPARE_SLOTS, memoryBytes, exact: config.HOST_EXACT }
}
