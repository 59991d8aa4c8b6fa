import { createFairQueue, type FairQueue, type Share } from './fair-queue.ts'
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
  /** Has the account of an item that was served pay `cost` more. */
  charge(item: Pick<Item, 'priority' | 'account' | 'weight'>, cost: number): void
  /** Takes an item out unserved, at no cost. */
  drop(item: Item): void
  /** Takes in an item that cannot start yet: it counts as waiting, and is not next before it is released. */
  hold(item: Item): void
  /** Lets an item that was held be next from now on; false where it was dropped. */
  release(item: Item): boolean
  /**
   * How many requests wait before one of this rank and account: in all, of its account, and of its account and rank.
   * Waiting jobs count only for a job.
   */
  before(priority: Priority, account: string): { waiting: number; mine: number; ahead: number }
  items(): Item[]
  /** Forgets what accounts were served: for the end of a busy time. */
  forget(): void
}

/** Nobody waits. `options` are those of each rank's queue. */
export function createWaiting<Item extends Share & { priority: Priority }>(
  options?: Parameters<typeof createFairQueue>[0],
): Waiting<Item> {
  const ranks: Record<Priority, FairQueue<Item>> = {
    interactive: createFairQueue(options),
    job: createFairQueue(options),
  }
  const held = new Set<Item>()

  function sizeOf(rank: Priority): number {
    let size = ranks[rank].size
    for (const { priority } of held) if (priority === rank) size++
    return size
  }

  function sizeOfAccount(rank: Priority, of: string): number {
    let size = ranks[rank].sizeOf(of)
    for (const { priority, account } of held) if (priority === rank && account === of) size++
    return size
  }

  return {
    get size() {
      return ranks.interactive.size + ranks.job.size + held.size
    },
    sizeOf,
    add: (item) => ranks[item.priority].add(item),
    next: (priority, passes) => ranks[priority].next(passes),
    serve: (item) => ranks[item.priority].serve(item),
    charge: ({ priority, account, weight }, cost) => ranks[priority].charge({ account, cost, weight }),
    drop(item) {
      if (!held.delete(item)) ranks[item.priority].drop(item)
    },
    hold: (item) => void held.add(item),
    release(item) {
      if (!held.delete(item)) return false
      ranks[item.priority].add(item)
      return true
    },
    before(priority, account) {
      const ahead = sizeOfAccount(priority, account)
      if (priority === 'interactive') return { waiting: sizeOf('interactive'), mine: ahead, ahead }
      return {
        waiting: sizeOf('interactive') + sizeOf('job'),
        mine: sizeOfAccount('interactive', account) + ahead,
        ahead,
      }
    },
    items: () => [...PRIORITIES.flatMap((priority) => [...ranks[priority].items()]), ...held],
    forget() {
      for (const priority of PRIORITIES) ranks[priority].forget()
    },
  }
}
