import { createFairQueue, type Share } from './fair-queue.ts'
import type { Priority } from './slots.ts'

/** The ranks in the order in which they are served. */
export const PRIORITIES: readonly Priority[] = ['interactive', 'job']

/** Waiting items by rank. Each rank is shared out fairly among accounts. */
export type Waiting<Item extends Share & { priority: Priority }> = {
  readonly size: number
  /** How many of one rank wait. */
  sizeOf(priority: Priority): number
  /** @throws RangeError where cost or weight is not above 0. */
  add(item: Item): void
  /** The next item of a rank among the accounts that `passes` lets through. It goes on waiting. */
  next(priority: Priority, passes: (account: string) => boolean): Item | undefined
  /** Takes an item out because it is served: its account pays. */
  serve(item: Item): void
  /** Takes an item out unserved, at no cost. */
  drop(item: Item): void
  /**
   * How many requests wait before one of this rank and account: in all, of its account, and of its account and rank.
   * Waiting jobs count only for a job.
   */
  before(priority: Priority, account: string): { waiting: number; mine: number; ahead: number }
  items(): Item[]
  /** Forgets what accounts were served: for the end of a busy time. */
  forget(): void
}

/** Nobody waits. */
export function createWaiting<Item extends Share & { priority: Priority }>(): Waiting<Item> {
  const ranks = { interactive: createFairQueue<Item>(), job: createFairQueue<Item>() }
  const { interactive, job } = ranks

  return {
    get size() {
      return interactive.size + job.size
    },
    sizeOf: (priority) => ranks[priority].size,
    add: (item) => ranks[item.priority].add(item),
    next: (priority, passes) => ranks[priority].next(passes),
    serve: (item) => ranks[item.priority].serve(item),
    drop: (item) => void ranks[item.priority].drop(item),
    before(priority, account) {
      const ahead = ranks[priority].sizeOf(account)
      if (priority === 'interactive') return { waiting: interactive.size, mine: ahead, ahead }
      return {
        waiting: interactive.size + job.size,
        mine: interactive.sizeOf(account) + ahead,
        ahead,
      }
    },
    items: () => PRIORITIES.flatMap((priority) => [...ranks[priority].items()]),
    forget() {
      for (const priority of PRIORITIES) ranks[priority].forget()
    },
  }
}
