import { HOST_LOAD, loadText } from '../../shared/host-load.ts'
import type { ModelQueue } from '../scheduler/model-queue.ts'

type Options = { queues: ReadonlyMap<string, Pick<ModelQueue, 'load' | 'slots'>>; ready: () => boolean }

/** Writes into an answer how busy the host is with a model, for an edge that chooses among hosts. */
export type SayLoad = (headers: Headers, model: string | undefined) => void

/** A SayLoad. Whoever named no model, without a token, learns only whether the host takes anything new. */
export function createSayLoad({ queues, ready }: Options): SayLoad {
  return function sayLoad(headers, model) {
    const queue = model === undefined ? undefined : queues.get(model)
    const draining = !ready()
    if (queue === undefined && !draining) return
    const { waiting, running } = queue?.load() ?? { waiting: 0, running: 0 }
    const places = queue?.slots ?? 1
    headers.set(HOST_LOAD, loadText({ requests: waiting + running, places, draining }))
  }
}
