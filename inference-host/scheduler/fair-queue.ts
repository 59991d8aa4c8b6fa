import { createHeap } from './binary-heap.ts'

/** A waiting item: its account, its cost in tokens, and its account's weight. */
export type Share = { readonly account: string; readonly cost: number; readonly weight: number }

/** Waiting items by account. Finding the next one and taking it out are separate steps. */
export type FairQueue<Item extends Share> = {
  readonly size: number
  /** How many items of an account wait. */
  sizeOf(account: string): number
  /** @throws RangeError where cost or weight is not above 0. */
  add(item: Item): void
  /**
   * The next item among the accounts that `passes` lets through. The call changes nothing, and takes O(k) where k
   * accounts before it are not let through.
   */
  next(passes?: (account: string) => boolean): Item | undefined
  /** Takes an item out because it is served: its account pays. O(log n) for n accounts. */
  serve(item: Item): void
  /** Has an account pay `cost` more than what it was served for: it turned out to be more. */
  charge(share: Share): void
  /** Takes an item out unserved, at no cost; false where it did not wait. */
  drop(item: Item): boolean
  items(): Generator<Item>
  /** Forgets what accounts were served: for the end of a busy time. While something waits, it does nothing. */
  forget(): void
}

type Options = {
  /** How many rounds behind the account served last a new one joins: above 0, below a usual request's cost. */
  quantum?: number
  /** Debts are kept for at most this many accounts without a waiting item. Those idle longest are forgotten first. */
  mostIdle?: number
}

/** An account with waiting items. `turn` keeps accounts that are due in the same round in order of arrival. */
type Account<Item> = { id: string; due: number; turn: number; items: Set<Item> }

/**
 * Deficit round robin by tokens (Shreedhar and Varghese 1996): in each round, every account earns `weight` tokens, and
 * it is served again once these have paid for what it was served before. Within an account, first come, first served.
 *
 * The rounds are computed, not walked: an account served for `cost` is due `cost / weight` rounds later, and a heap
 * holds who is due first. Debts outlive an empty queue, so sending one request at a time gains nothing. An account
 * without debts joins `quantum` rounds from now. So it is ahead of all accounts that were just served more than that. A
 * waiting account still gets its turn, however many new ones come: with n waiting at a time, after n * debt / quantum
 * others at most.
 *
 * While two accounts both wait, their served tokens divided by their weights differ by a bounded amount. It is at most
 * the sum over the two of max(quantum, largest cost / weight). That is the bound of start-time fair queueing (Goyal,
 * Vin and Cheng 1996, theorem 1). With a quantum of 0 this queue is start-time fair queueing.
 */
export function createFairQueue<Item extends Share>({
  quantum = 16,
  mostIdle = 10_000,
}: Options = {}): FairQueue<Item> {
  const waiting = new Map<string, Account<Item>>()
  /** The round in which an account without waiting items has paid its debts; idle longest first. */
  const idle = new Map<string, number>()
  const order = createHeap<Account<Item>>((a, b) => a.due < b.due || (a.due === b.due && a.turn < b.turn))
  let round = 0
  let turns = 0
  let size = 0

  function join(id: string): Account<Item> {
    const due = Math.max(idle.get(id) ?? 0, round + quantum)
    idle.delete(id)
    const account: Account<Item> = { id, due, turn: turns++, items: new Set() }
    waiting.set(id, account)
    order.add(account)
    return account
  }

  function leave({ id, due }: Account<Item>): void {
    waiting.delete(id)
    owe(id, due)
  }

  function owe(id: string, due: number): void {
    idle.set(id, due)
    if (idle.size > mostIdle) for (const oldest of idle.keys()) return void idle.delete(oldest)
  }

  return {
    get size() {
      return size
    },
    sizeOf: (account) => waiting.get(account)?.items.size ?? 0,
    add(item) {
      if (!(item.cost > 0 && item.weight > 0 && Number.isFinite(item.cost / item.weight)))
        throw new RangeError(`a cost of ${item.cost} at a weight of ${item.weight} cannot be shared out`)
      const account = waiting.get(item.account) ?? join(item.account)
      account.items.add(item)
      size++
    },
    next(passes = () => true) {
      const account = order.first(({ id }) => passes(id))
      return account?.items.values().next().value
    },
    serve(item) {
      const account = waiting.get(item.account)
      if (!account?.items.delete(item)) throw new Error('what does not wait cannot be served')
      size--
      order.delete(account)
      round = Math.max(round, account.due)
      account.due += item.cost / item.weight
      if (account.items.size > 0) order.add(account)
      else leave(account)
    },
    charge({ account: id, cost, weight }) {
      const account = waiting.get(id)
      if (account === undefined) return owe(id, Math.max(idle.get(id) ?? 0, round) + cost / weight)
      order.delete(account)
      account.due += cost / weight
      order.add(account)
    },
    drop(item) {
      const account = waiting.get(item.account)
      if (!account?.items.delete(item)) return false
      size--
      if (account.items.size === 0) {
        order.delete(account)
        leave(account)
      }
      return true
    },
    *items() {
      for (const account of waiting.values()) yield* account.items
    },
    forget() {
      if (size > 0) return
      idle.clear()
      round = 0
    },
  }
}
