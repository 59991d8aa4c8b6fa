import type { Config } from '../config.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Log } from '../platform/log.ts'
import { createModelQueue, type ModelQueue } from '../scheduler/model-queue.ts'
import type { ModelEntry } from '../weights/manifest.ts'
import type { ModelInfo } from '../work/engine.ts'
import { memoryBudget } from './budget.ts'
import { mebibytes } from './bytes.ts'
import { PREFILLS, SPARE_SLOTS } from './fair-batch.ts'
import { startModel } from './load.ts'
import { atStart } from './plan.ts'
import type { Form, Servable } from './port.ts'
import { infoOf, type PreparedForm, type PreparedModel, prepareModel } from './prepare.ts'
import { createRoom, type Room } from './room.ts'
import { createServable } from './servable.ts'
import { createTurnover, type Turnover } from './turnover.ts'

/** The models of a host, each behind its queue. */
export type Models = {
  readonly queues: ReadonlyMap<string, ModelQueue>
  readonly info: ModelInfo[]
  /** Why models that were served are not at present, one line for all; undefined where nothing is wrong. */
  trouble(): string | undefined
  /** Resident memory of all of them, in bytes. */
  rss(): number
  close(): Promise<void>
}

/**
 * Prepares every model, and loads those that fit at the start. The others are loaded when they are asked for.
 * @throws Error of one line where a model cannot be prepared or loaded, or is larger than the memory for all; nothing
 * is left running.
 */
export async function serveModels(
  entries: readonly ModelEntry[],
  config: Config,
  metrics: Metrics,
  log: Log,
): Promise<Models> {
  const budget = await memoryBudget(config)
  log('memory', { host_mb: mebibytes(budget.host), device_mb: wholeOrNone(budget.device) })
  const prepared = await Promise.all(entries.map((entry) => prepareModel(entry, config, budget, log)))
  const first = atStart(prepared.map(wishOf), budget)
  const room = createRoom(budget)
  const turnover = createTurnover(() => performance.now())
  const servables = new Map<string, Servable>()
  const queues = new Map<string, ModelQueue>()

  const started = await Promise.allSettled(
    prepared.map(async (model) => {
      const { id } = model.entry
      const info = first.has(id) ? undefined : await infoOf(model)
      const servable = servableOf(model, info, { config, room, turnover, metrics, log })
      servables.set(id, servable)
      const queue = queueOf(servable, model, config, metrics)
      queues.set(id, queue)
      servable.attach(queue)
      if (first.has(id)) return servable.start()
      log('on_demand', { model: id, needs_mb: mebibytes(model.forms[0].need.host) })
    }),
  )
  const close = async () => {
    await Promise.all([...servables.values()].map((servable) => servable.close()))
  }
  const failure = started.find((result) => result.status === 'rejected')
  if (failure !== undefined) {
    await close()
    throw failure.reason
  }
  return {
    queues,
    get info() {
      return [...queues.values()].map(({ info }) => info)
    },
    trouble() {
      const all = [...servables].flatMap(([id, servable]) => {
        const why = servable.trouble()
        return why === undefined ? [] : [`${id}: ${why}`]
      })
      return all.length > 0 ? all.join('; ') : undefined
    },
    rss: () => [...servables.values()].reduce((total, servable) => total + servable.rss(), 0),
    close,
  }
}

const wishOf = ({ entry: { id, load }, forms: [{ need }] }: PreparedModel) => ({ id, need, load })
const wholeOrNone = (bytes: number) => (Number.isFinite(bytes) ? mebibytes(bytes) : 'unknown')

type World = { config: Config; room: Room; turnover: Turnover; metrics: Metrics; log: Log }

function servableOf(
  { entry, forms }: PreparedModel,
  info: ModelInfo | undefined,
  { config, room, turnover, metrics, log }: World,
): Servable {
  const [first, ...others] = forms
  const formOf = (form: PreparedForm): Form => ({
    device: form.data.device,
    need: form.need,
    load: () => startModel(form, config, log),
  })
  return createServable({
    id: entry.id,
    ...(info && { info }),
    forms: [formOf(first), ...others.map(formOf)],
    room,
    turnover,
    observe: metrics.residency(entry.id),
    log,
  })
}

function queueOf(
  servable: Servable,
  { entry: { id, task } }: PreparedModel,
  config: Config,
  metrics: Metrics,
): ModelQueue {
  const { engine, gate } = servable
  const queue = createModelQueue({
    engine,
    gate,
    limit: config.HOST_QUEUE,
    accountLimit: config.HOST_ACCOUNT_QUEUE,
    observe: metrics.observer(id),
    spareSlots: SPARE_SLOTS,
    ...(task === 'text-generation' && { prefills: PREFILLS }),
  })
  metrics.watch(id, () => ({
    ...queue.load(),
    ...engine.load?.(),
    resident: servable.resident(),
    rss: servable.rss(),
  }))
  return queue
}
