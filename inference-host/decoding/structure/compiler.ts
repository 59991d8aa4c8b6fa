import { createHash } from 'node:crypto'
import { TwohopError } from '../../../shared/errors.ts'
import { createExpiringMap } from '../../../shared/expiring-map.ts'
import type { Compiled } from '../../work/compiled.ts'
import type { Preparing } from '../../work/preparing.ts'
import { type CompileTask, createLane, type Lane, LEAST_COST, type Turn, type Turns } from './compile-lane.ts'
import { type Compilation, createCompileThread, type ThreadOptions } from './compile-thread.ts'
import { createLru } from './lru.ts'
import { pathText } from './refusal.ts'
import { pathOf, type Structure } from './structure.ts'

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

/** One request that waits for a structure. */
export type StructureTask = CompileTask & { id: string; resolve(outcome: Outcome): void }
type Outcome = Awaited<Preparing<Compiled>['outcome']>

type Options = Pick<ThreadOptions, 'startThread' | 'recycleAfter' | 'now'> & {
  /** A queue for each of the threads. */
  turns: () => Turns<StructureTask>
  /** Milliseconds that one structure may take; 2000. Measured: 1 to 50. */
  timeoutMs?: number
  /** Milliseconds that it may take beside the quick ones; 100. Then it goes on with those that take longer. */
  quickMs?: number
  /** Compiled structures that are remembered, as far as REMEMBERED_BYTES hold them, and refused ones beside them; 256. */
  remembered?: number
}

/** Most programs take some kB. The largest take 1 MB, and anybody can ask for as many of these as there is room for. */
const REMEMBERED_BYTES = 32 * 1024 * 1024

/**
 * Milliseconds for which it is remembered that a structure took too long, or too much memory. That can be the machine's
 * fault, so it is tried again; any other refusal is the same each time.
 */
const TOO_LONG_FOR_MS = 60_000

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
  const compiled = createLru<string, Compiled>(remembered, {
    most: REMEMBERED_BYTES,
    of: ({ program }) => program.byteLength,
  })
  const refused = createExpiringMap<string, Refused>({ capacity: remembered, now })
  /** All that wait, by structure, and where. */
  const waiting = new Map<string, { lane: Lane<StructureTask>; tasks: Set<StructureTask> }>()
  let closed = false

  const laneOf = (ms: number, ended: (task: StructureTask, compilation: Compilation) => void) =>
    createLane({
      thread: createCompileThread({ ...options, timeoutMs: ms, now }),
      turns: turns(),
      ended,
    })
  const slow = laneOf(timeoutMs, settle)
  const quick = laneOf(quickMs, (task, compilation) => {
    if (compilation.how === 'too_long') slowDown(task)
    else settle(task, compilation)
  })

  /** Has all that wait for a structure wait among those that take longer. */
  function slowDown(served: StructureTask): void {
    const same = waiting.get(served.id)
    if (same === undefined) return
    same.lane = slow
    for (const task of same.tasks) {
      if (task !== served) quick.drop(task, false)
      task.cost = LEAST_COST
      slow.add(task)
    }
  }

  /** Tells all that wait for a structure. `served` has had its turn; the others need none. */
  function settle(served: StructureTask, compilation: Compilation): void {
    const outcome = outcomeOf(served, compilation)
    const same = waiting.get(served.id)
    if (outcome === undefined || same === undefined) return
    waiting.delete(served.id)
    for (const task of same.tasks) {
      if (task !== served) same.lane.drop(task, false)
      task.resolve(outcome)
    }
  }

  const tooMuch = (how: 'too_long' | 'too_large') =>
    how === 'too_long'
      ? `The structure takes longer than ${timeoutMs} ms to compile.`
      : 'The structure takes more memory to compile than there is for one.'

  /** What those who wait are told, and remembers it. Undefined where it was given up because nobody waited. */
  function outcomeOf({ id, structure }: StructureTask, compilation: Compilation): Outcome | undefined {
    if (compilation.how === 'hurried') return undefined
    if (compilation.how === 'failed')
      return { error: new TwohopError('internal', 'The structure could not be compiled.') }
    if (compilation.how === 'compiled') {
      const value = { id, program: compilation.program, param: pathText(pathOf(structure)) }
      compiled.set(id, value)
      return { value }
    }
    const refusal =
      compilation.how === 'refused'
        ? { message: compilation.message, param: compilation.param }
        : { message: tooMuch(compilation.how), param: pathText(pathOf(structure)) }
    const until = compilation.how === 'refused' ? Number.POSITIVE_INFINITY : now() + TOO_LONG_FOR_MS
    refused.set(id, refusal, until)
    return { error: errorOf(refusal) }
  }

  function leave(task: StructureTask): void {
    const same = waiting.get(task.id)
    if (same === undefined || !same.tasks.delete(task)) return
    if (same.tasks.size === 0) waiting.delete(task.id)
    same.lane.drop(task, same.tasks.size === 0)
  }

  return {
    recall(structure) {
      const id = idOf(structure)
      const refusal = refused.get(id)
      if (refusal !== undefined) throw errorOf(refusal)
      return compiled.get(id)
    },
    compile(structure, { account, weight, priority }) {
      const { promise: outcome, resolve } = Promise.withResolvers<Outcome>()
      const id = idOf(structure)
      const task = { account, weight, priority, cost: LEAST_COST, id, structure, resolve, tookMs: 0 }
      const { lane, tasks } = waiting.get(id) ?? { lane: quick, tasks: new Set() }
      if (closed) resolve({ error: closing() })
      else {
        waiting.set(id, { lane, tasks: tasks.add(task) })
        lane.add(task)
      }
      return {
        outcome,
        computeMs: () => task.tookMs + quick.runningMs(task) + slow.runningMs(task),
        stop: () => leave(task),
      }
    },
    async close() {
      closed = true
      for (const { tasks } of waiting.values()) for (const task of tasks) task.resolve({ error: closing() })
      waiting.clear()
      await Promise.all([quick.close(), slow.close()])
    },
  }
}

/** Why a structure is refused, and where in the request that is. */
type Refused = { message: string; param: string | undefined }

function errorOf({ message, param }: Refused): TwohopError {
  return new TwohopError('invalid_request', message, param === undefined ? {} : { param })
}

function closing(): TwohopError {
  return new TwohopError('host_unavailable', 'The host is closing.')
}

function idOf(structure: Structure): string {
  return createHash('sha256').update(JSON.stringify(structure)).digest('hex')
}
