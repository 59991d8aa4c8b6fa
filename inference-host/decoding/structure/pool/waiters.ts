import { type CompileTask, type Lane, LEAST_COST } from './lane.ts'
import type { Outcome } from './outcomes.ts'

/** One request that waits for a structure: `id` is the same for the same structure. */
export type StructureTask = CompileTask & { readonly id: string; resolve(outcome: Outcome): void }

/** All that wait for structures. Those who need the same one wait together, and it is compiled once. */
export type Waiters = {
  join(task: StructureTask): void
  /** Takes out one that needs nothing any more. */
  leave(task: StructureTask): void
  /** Has all that wait for the structure of `served`, which was too long for the quick lane, wait in the slow one. */
  slowDown(served: StructureTask): void
  /** Tells all that wait for the structure of `served`, which has had its turn. The others need none. */
  settle(served: StructureTask, outcome: Outcome): void
  /** Tells everybody. */
  settleAll(outcome: Outcome): void
}

type Lanes = Record<'quick' | 'slow', Pick<Lane<StructureTask>, 'add' | 'drop'>>

export function createWaiters({ quick, slow }: Lanes): Waiters {
  const waiting = new Map<string, { lane: Lanes['quick']; tasks: Set<StructureTask> }>()

  return {
    join(task) {
      const same = waiting.get(task.id) ?? { lane: quick, tasks: new Set() }
      waiting.set(task.id, same)
      same.tasks.add(task)
      same.lane.add(task)
    },
    leave(task) {
      const same = waiting.get(task.id)
      if (same === undefined || !same.tasks.delete(task)) return
      const alone = same.tasks.size === 0
      if (alone) waiting.delete(task.id)
      same.lane.drop(task, alone)
    },
    slowDown(served) {
      const same = waiting.get(served.id)
      if (same === undefined) return
      same.lane = slow
      for (const task of same.tasks) {
        if (task !== served) quick.drop(task, false)
        task.cost = LEAST_COST
        slow.add(task)
      }
    },
    settle(served, outcome) {
      const same = waiting.get(served.id)
      if (same === undefined) return
      waiting.delete(served.id)
      for (const task of same.tasks) {
        if (task !== served) same.lane.drop(task, false)
        task.resolve(outcome)
      }
    },
    settleAll(outcome) {
      for (const { tasks } of waiting.values()) for (const task of tasks) task.resolve(outcome)
      waiting.clear()
    },
  }
}
