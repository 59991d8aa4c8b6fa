import type { Structure } from '../structure.ts'
import type { Compilation, CompileThread } from './thread.ts'

/** For whom something is compiled. */
export type Turn = { account: string; weight: number; priority: 'interactive' | 'job' }

/** One request that waits for a structure. Its cost is in milliseconds, and known once its turn is over. */
export type CompileTask = Turn & {
  cost: number
  readonly structure: Structure
  /** Milliseconds that were computed for it in its turns so far. */
  tookMs: number
}

/** Whose turn it is. */
export type Turns<Task> = {
  add(task: Task): void
  /** The one whose turn it is; it stays in. */
  next(): Task | undefined
  /** Takes out the one that had its turn: its account pays its cost. */
  serve(task: Task): void
  /** Takes one out that had no turn, at no cost. */
  drop(task: Task): void
  /** Forgets what accounts have paid for: nobody waits. */
  forget(): void
}

/** One thread, and those who wait for it. */
export type Lane<Task> = {
  add(task: Task): void
  /** Takes a task out that needs nothing any more. What is compiled for it is given up, where `alone`. */
  drop(task: Task, alone: boolean): void
  /** Milliseconds since it is a task's turn; 0 where it is not. */
  runningMs(task: Task): number
  close(): Promise<void>
}

type Options<Task> = {
  thread: CompileThread
  turns: Turns<Task>
  /** Called with what came of a task, which has left the lane then. */
  ended(task: Task, compilation: Compilation): void
}

/** A cost of 0 cannot be shared out. */
export const LEAST_COST = 1

/** Compiles for one task at a time, and has its account pay what it took. */
export function createLane<Task extends CompileTask>({ thread, turns, ended }: Options<Task>): Lane<Task> {
  let current: Task | undefined
  let closed = false

  function begin(): void {
    if (current !== undefined || closed) return
    current = turns.next()
    if (current === undefined) turns.forget()
    else void compileFor(current)
  }

  async function compileFor(task: Task): Promise<void> {
    const { tookMs, ...compilation } = await thread.compile(task.structure)
    current = undefined
    task.tookMs += tookMs
    task.cost = Math.max(LEAST_COST, tookMs)
    turns.serve(task)
    if (!closed) ended(task, compilation)
    begin()
  }

  return {
    add(task) {
      turns.add(task)
      begin()
    },
    drop(task, alone) {
      if (task !== current) turns.drop(task)
      else if (alone) thread.hurry()
    },
    runningMs: (task) => (task === current ? thread.tookMs() : 0),
    async close() {
      closed = true
      await thread.close()
    },
  }
}
