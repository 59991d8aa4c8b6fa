/** Interactive requests go before jobs, always. */
export type Priority = 'interactive' | 'job'

/** How an engine's slots are given out. A slot once given cannot be taken back, so some care comes before. */
export type SlotRules = {
  /** Requests that may run at once. */
  slots: number
  /**
   * Slots kept free for interactive requests of accounts that hold none. So they need not wait for another request to
   * end.
   */
  spareSlots: number
  /**
   * While this many requests run without having answered anything yet, an account that holds a slot gets no other.
   * Otherwise one account's burst would be a row of prompts, and everybody's next prompt would queue behind it inside
   * the engine.
   */
  prefills: number
}

/** What runs now: requests in all, and those of them that have not answered anything yet. */
export type SlotUse = { running: number; prefilling: number }

/** Whether a request of an account with `held` slots may start now. */
export function mayStart(
  { priority, held }: { priority: Priority; held: number },
  { running, prefilling }: SlotUse,
  { slots, spareSlots, prefills }: SlotRules,
): boolean {
  const free = slots - running
  if (held === 0) return free > (priority === 'interactive' ? 0 : spareSlots)
  return free > spareSlots && prefilling < prefills
}

/** Who runs, and who may. */
export type Slots<Holder extends { account: string }> = {
  readonly running: ReadonlySet<Holder>
  /** Whether a request of this rank and account may start now. */
  open(priority: Priority, account: string): boolean
  /** Whether a request of an account without a slot may start. If not, none of this rank may. */
  openToSome(priority: Priority): boolean
  give(holder: Holder): void
  /** Notes that a request has begun to answer. True the first time. */
  answered(holder: Holder): boolean
  /** Takes a slot back; false where the request held none. */
  takeBack(holder: Holder): boolean
}

/** The slots of one engine, all free. */
export function createSlots<Holder extends { account: string }>(rules: SlotRules): Slots<Holder> {
  const running = new Set<Holder>()
  const prefilling = new Set<Holder>()
  const held = new Map<string, number>()

  const use = () => ({ running: running.size, prefilling: prefilling.size })

  return {
    running,
    open: (priority, account) => mayStart({ priority, held: held.get(account) ?? 0 }, use(), rules),
    openToSome: (priority) => mayStart({ priority, held: 0 }, use(), rules),
    give(holder) {
      running.add(holder)
      prefilling.add(holder)
      held.set(holder.account, (held.get(holder.account) ?? 0) + 1)
    },
    answered: (holder) => prefilling.delete(holder),
    takeBack(holder) {
      if (!running.delete(holder)) return false
      prefilling.delete(holder)
      const others = (held.get(holder.account) ?? 0) - 1
      if (others > 0) held.set(holder.account, others)
      else held.delete(holder.account)
      return true
    },
  }
}
