import { faultOf } from '../platform/fault.ts'
import type { Engine, EngineEvent } from '../work/engine.ts'
import type { Gate } from './gate.ts'
import { expired } from './refusal.ts'
import type { Slots } from './slots.ts'
import type { Ticket } from './ticket.ts'
import { PRIORITIES, type Waiting } from './waiting.ts'

/** Hands what waits to the engine, as slots allow. */
export type Dispatcher = {
  /** Starts whatever may start now. */
  dispatch(): void
  /** Removes a request that has ended, wherever it was. Others may start in its place. */
  leave(ticket: Ticket): void
  /** Resolves when nothing waits or runs. */
  idle(): Promise<void>
}

type Options = {
  engine: Engine
  gate: Gate
  waiting: Waiting<Ticket>
  slots: Slots<Ticket>
  /** Milliseconds since the epoch. */
  clock: () => number
}

/** What is reported of work that the engine could not even take. */
function failed(error: unknown): EngineEvent {
  const end = { how: 'failed', fault: faultOf(error) } as const
  return { type: 'ended', promptTokens: 0, outputTokens: 0, computeMs: 0, end }
}

/** The most tokens that one token's structure counts for. */
const MOST_FOR_STRUCTURE = 100

/**
 * What following its structure took of a request's compute, in tokens of that request. A ticket's cost has no part for it,
 * because it is known only then.
 */
export function structureTokens({
  promptTokens,
  outputTokens,
  computeMs,
  structureMs = 0,
}: Extract<EngineEvent, { type: 'ended' }>): number {
  const rest = Math.max(1, computeMs - structureMs)
  return (promptTokens + outputTokens) * Math.min(MOST_FOR_STRUCTURE, structureMs / rest)
}

export function createDispatcher({ engine, gate, waiting, slots, clock }: Options): Dispatcher {
  const idlers: (() => void)[] = []
  let dispatching = false

  function choose(): Ticket | undefined {
    for (const priority of PRIORITIES) {
      if (!slots.openToSome(priority)) continue
      if (priority === 'job' && waiting.sizeOf('job') > 0 && gate.yields()) continue
      const ticket = waiting.next(priority, (account) => slots.open(priority, account))
      if (ticket !== undefined) return ticket
    }
    return undefined
  }

  function start(ticket: Ticket): void {
    const { entry, measure } = ticket
    waiting.serve(ticket)
    slots.give(ticket)
    measure.begin()
    try {
      const { stop } = engine.run(entry.work, (event) => {
        if (event.type === 'ended' && event.end.how === 'lost' && entry.putBack()) return again(ticket)
        const more = event.type === 'ended' ? structureTokens(event) : 0
        if (more > 0) waiting.charge(ticket, more)
        measure.take(event)
        entry.take(event)
        if (event.type === 'token' && slots.answered(ticket)) dispatch()
      })
      entry.begin(stop)
    } catch (error) {
      entry.take(failed(error))
    }
  }

  function again(ticket: Ticket): void {
    slots.takeBack(ticket)
    waiting.add(ticket)
    dispatch()
  }

  function dispatch(): void {
    // Called again from within, by a request that ends as it starts or is dropped: the loop below goes on anyway.
    if (dispatching) return
    dispatching = true
    for (let ticket = choose(); ticket !== undefined && gate.open(); ticket = choose()) {
      if (ticket.deadline <= clock()) ticket.entry.interrupt(expired())
      else start(ticket)
    }
    dispatching = false
    if (slots.running.size > 0) return
    if (waiting.size > 0) gate.knock()
    else rest()
  }

  function rest(): void {
    waiting.forget()
    for (const wake of idlers.splice(0)) wake()
    gate.rest()
  }

  return {
    dispatch,
    leave(ticket) {
      if (!slots.takeBack(ticket)) waiting.drop(ticket)
      dispatch()
    },
    idle() {
      if (slots.running.size + waiting.size === 0) return Promise.resolve()
      return new Promise((resolve) => idlers.push(resolve))
    },
  }
}
