import type { Fields } from '../../../inference-host/platform/log.ts'
import { createRoom, type Room } from '../../../inference-host/residency/room.ts'
import { createServable } from '../../../inference-host/residency/servable.ts'
import { createTurnover, type Turnover } from '../../../inference-host/residency/turnover.ts'
import { createQueue } from '../../../inference-host/scheduler/queue.ts'
import type { Run } from '../../../inference-host/scheduler/run.ts'
import type { TwohopError } from '../../../shared/errors.ts'
import { CHAT_JOB, type HandRun } from '../host/hand-engine.ts'
import { createHandClock, type HandClock, type HandForm } from './hand-model.ts'

const DONE = { how: 'finished', output: { kind: 'text', finishReasons: ['stop'] } } as const

type Options = { clock: HandClock; room: Room; turnover: Turnover; forms: HandForm[]; limit?: number }

/** A model behind its queue. */
export function serve(id: string, { clock, room, turnover, forms, limit = 8 }: Options) {
  const lines: string[] = []
  const { now, after } = clock
  const log = (event: string, fields: Fields = {}) => void lines.push(`${event} ${JSON.stringify(fields)}`)
  const info = {
    id,
    task: 'text-generation',
    device: 'cpu',
    dtype: 'q8',
    context: 64,
    overhead: { request: 0, item: 0 },
  } as const
  const servable = createServable({ id, info, forms, room, turnover, log, now, after })
  const queue = createQueue({ engine: servable.engine, gate: servable.gate, limit, clock: now, now })
  servable.attach(queue)
  return {
    ...servable,
    room,
    turnover,
    queue,
    lines,
    ask: (withinMs = 1e6, account = 'a') => queue.submit(CHAT_JOB, now() + withinMs, { account }),
    askJob: () => queue.submit(CHAT_JOB, now() + 1e6, { account: 'j', priority: 'job' }),
    /** The jobs that reached the engine that was loaded last. */
    runs: () => forms.flatMap(({ engines }) => engines).at(-1)?.runs ?? [],
  }
}

/** Time driven by hand, room for `budget` bytes on the host, and turns for those that want it. */
export function world(budget = 100) {
  const clock = createHandClock()
  return { clock, room: createRoom({ host: budget, device: 0 }), turnover: createTurnover(clock.now) }
}

/** How a run ends. */
export function code(run: Run): Promise<string> {
  return run.ended
}

/** The error with which a request is refused at once. */
export const refusal = (ask: () => unknown): TwohopError | undefined => {
  try {
    ask()
    return undefined
  } catch (error) {
    return error as TwohopError
  }
}

/** Ends a run as an engine does that has computed it. */
export function finish(run: HandRun | undefined): void {
  run?.report({ type: 'started', promptTokens: 1 })
  run?.end(DONE)
}
