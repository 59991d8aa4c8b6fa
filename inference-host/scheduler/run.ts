import { type ErrorCode, TwohopError } from '../../shared/errors.ts'
import type { Fault } from '../platform/fault.ts'
import type { Compiled } from '../work/compiled.ts'
import type { EngineEvent, Output } from '../work/engine.ts'
import type { Preparing } from '../work/preparing.ts'
import type { Report } from '../work/report.ts'
import type { Work } from '../work/work.ts'
import { createChannel } from './channel.ts'

/** What a request's consumer sees, in order: `started` once, `token` each, `finished` last. */
export type RunEvent =
  | Extract<EngineEvent, { type: 'started' | 'token' }>
  | { type: 'finished'; output: Output }

/** One admitted request, from the queue to its end. */
export type Run = {
  /** For one consumer. Throws the run's TwohopError where it did not finish. */
  events(): AsyncGenerator<RunEvent, void, void>
  report(): Report
  /** The known cause where the engine failed on it, else undefined. */
  fault(): Fault | undefined
  /** Ends it: at once while it waits, within two decoding steps when it runs. */
  cancel(): void
  /** Resolves at the end, with how it ended; never rejects. */
  readonly ended: Promise<'finished' | ErrorCode>
}

/** The scheduler's side of a run. */
export type Entry = {
  readonly work: Work
  readonly run: Run
  /**
   * Waits for the structure that the work needs, and puts it in. Where there is none, the run ends with the error. What
   * was computed for it is the run's.
   */
  prepare(structure: Preparing<Compiled>): Promise<void>
  begin(stop: () => void): void
  take(event: EngineEvent): void
  /**
   * Puts it back in the queue after its engine was lost before computing anything for it. False where that cannot be:
   * it was told to end, or this has happened to it before.
   */
  putBack(): boolean
  /** Ends the run for a reason of ours: dropped while it waits, told to stop when it runs. */
  interrupt(error: TwohopError): void
}

type Options = {
  work: Work
  /** Milliseconds on a steady clock. */
  now: () => number
  /** Called once when the run has ended, or was dropped before it began. */
  onEnd: (how: 'finished' | ErrorCode) => void
}

/** A run that waits to begin. */
export function createEntry({ now, onEnd, ...options }: Options): Entry {
  const channel = createChannel<RunEvent>()
  const ended = Promise.withResolvers<'finished' | ErrorCode>()
  const submitted = now()
  const counted: Pick<Report, 'promptTokens' | 'cachedPromptTokens' | 'outputTokens' | 'firstTokenMs'> = {
    promptTokens: 0,
    outputTokens: 0,
  }
  let work = options.work
  let preparing: Preparing<Compiled> | undefined
  let begun: number | undefined
  let computeMs: number | undefined
  let stop: (() => void) | undefined
  let interruption: TwohopError | undefined
  let started = false
  let wasPutBack = false
  let last: Report | undefined
  let fault: Fault | undefined

  function report(): Report {
    const at = now()
    const preparedMs = preparing?.computeMs() ?? 0
    return {
      ...counted,
      queueMs: Math.round(Math.max(0, (begun ?? at) - submitted - preparedMs)),
      computeMs: Math.round(preparedMs + (computeMs ?? at - (begun ?? at))),
    }
  }

  function finish(error?: TwohopError): void {
    last = report()
    const how = error?.code ?? 'finished'
    channel.close(error)
    ended.resolve(how)
    onEnd(how)
  }

  const entry: Entry = {
    get work() {
      return work
    },
    async prepare(structure) {
      preparing = structure
      const outcome = await structure.outcome
      if (last !== undefined) return
      if ('error' in outcome) finish(outcome.error)
      else if (work.kind === 'chat' || work.kind === 'complete') work = { ...work, structure: outcome.value }
    },
    begin(stopIt) {
      begun = now()
      stop = stopIt
    },
    take(event) {
      if (last !== undefined) return
      if (event.type === 'started') {
        counted.promptTokens = event.promptTokens
        started = true
        if (event.cachedPromptTokens !== undefined) counted.cachedPromptTokens = event.cachedPromptTokens
      }
      if (event.type === 'token') {
        counted.outputTokens = event.outputTokens
        counted.firstTokenMs ??= Math.round(now() - submitted)
      }
      if (event.type !== 'ended') return channel.push(event)
      const { end, promptTokens, outputTokens } = event
      if (end.how !== 'lost') {
        Object.assign(counted, { promptTokens, outputTokens })
        computeMs = event.computeMs
      }
      if (end.how === 'failed') fault = end.fault
      if (end.how === 'finished') channel.push({ type: 'finished', output: end.output })
      finish(end.how === 'finished' ? undefined : errorOf(end, interruption))
    },
    putBack() {
      if (last !== undefined || started || wasPutBack || interruption !== undefined) return false
      wasPutBack = true
      begun = undefined
      stop = undefined
      return true
    },
    interrupt(error) {
      if (last !== undefined) return
      interruption ??= error
      if (stop !== undefined) return stop()
      finish(error)
      preparing?.stop()
    },
    run: {
      events: () => channel.values(),
      report: () => last ?? report(),
      fault: () => fault,
      cancel: () => entry.interrupt(new TwohopError('cancelled', 'The request was cancelled.')),
      ended: ended.promise,
    },
  }
  return entry
}

function errorOf(
  end: Exclude<Extract<EngineEvent, { type: 'ended' }>['end'], { how: 'finished' }>,
  interruption: TwohopError | undefined,
): TwohopError {
  if (end.how === 'refused')
    return new TwohopError(end.code, end.message, end.param === undefined ? {} : { param: end.param })
  if (end.how === 'stopped' && interruption !== undefined) return interruption
  return new TwohopError('host_failed', 'The model failed on this request.')
}
