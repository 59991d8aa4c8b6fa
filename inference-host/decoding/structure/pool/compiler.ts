import { createHash } from 'node:crypto'
import { TwohopError } from '../../../../shared/errors.ts'
import type { Compiled } from '../../../work/compiled.ts'
import type { Preparing } from '../../../work/preparing.ts'
import type { Structure } from '../structure.ts'
import { createLane, LEAST_COST, type Turn, type Turns } from './lane.ts'
import { createOutcomes, type Outcome } from './outcomes.ts'
import { type Compilation, createCompileThread, type ThreadOptions } from './thread.ts'
import { createWaiters, type StructureTask } from './waiters.ts'

/** Compiles structures on threads that can be ended, shares these out among accounts, and remembers what came of it. */
export type StructureCompiler = {
  /**
   * A structure that is remembered; undefined where it is not.
   * @throws TwohopError `invalid_request` where it is remembered that the structure was refused
   */
  recall(structure: Structure): Compiled | undefined
  /**
   * Compiles a structure once it is its account's turn. The outcome is an error `invalid_request` where the structure is
   * not supported or takes too much, `internal` where the thread died, `host_unavailable` where the host is closing.
   */
  compile(structure: Structure, asker: Turn): Preparing<Compiled>
  close(): Promise<void>
}

type Options = Pick<ThreadOptions, 'startThread' | 'recycleAfter' | 'now'> & {
  /** A queue for each of the threads. */
  turns: () => Turns<StructureTask>
  /** Milliseconds that one structure may take; 2000. Measured: 1 to 50. */
  timeoutMs?: number
  /** Milliseconds that it may take beside the quick ones; 100. Then it goes on with those that take longer. */
  quickMs?: number
  /** Compiled structures that are remembered, as far as there is memory for them, and refused ones beside them; 256. */
  remembered?: number
}

/**
 * Structures are compiled on two threads, one at a time on each. Nearly all take some milliseconds. One that takes longer
 * is begun anew on the second thread, so that nobody waits for it but those whose own take as long.
 */
export function createStructureCompiler({
  turns,
  timeoutMs = 2000,
  quickMs = 100,
  remembered = 256,
  now = () => performance.now(),
  ...options
}: Options): StructureCompiler {
  const outcomes = createOutcomes({ remembered, timeoutMs, now })
  const laneOf = (ms: number, ended: (task: StructureTask, compilation: Compilation) => void) =>
    createLane({
      thread: createCompileThread({ ...options, timeoutMs: ms, now }),
      turns: turns(),
      ended,
    })
  const slow = laneOf(timeoutMs, settle)
  const quick = laneOf(quickMs, (task, compilation) => {
    if (compilation.how === 'too_long') waiters.slowDown(task)
    else settle(task, compilation)
  })
  const waiters = createWaiters({ quick, slow })
  let closed = false

  function settle(task: StructureTask, compilation: Compilation): void {
    const outcome = outcomes.take(task.id, task.structure, compilation)
    if (outcome !== undefined) waiters.settle(task, outcome)
  }

  return {
    recall: (structure) => outcomes.recall(idOf(structure)),
    compile(structure, { account, weight, priority }) {
      const { promise: outcome, resolve } = Promise.withResolvers<Outcome>()
      const id = idOf(structure)
      const task = { account, weight, priority, cost: LEAST_COST, id, structure, resolve, tookMs: 0 }
      if (closed) resolve(closing())
      else waiters.join(task)
      return {
        outcome,
        computeMs: () => task.tookMs + quick.runningMs(task) + slow.runningMs(task),
        stop: () => waiters.leave(task),
      }
    },
    async close() {
      closed = true
      waiters.settleAll(closing())
      await Promise.all([quick.close(), slow.close()])
    },
  }
}

function closing(): Outcome {
  return { error: new TwohopError('host_unavailable', 'The host is closing.') }
}

function idOf(structure: Structure): string {
  return createHash('sha256').update(JSON.stringify(structure)).digest('hex')
}
