import type { Share } from './fair-queue.ts'
import type { Priority } from './slots.ts'
import { createWaiting, PRIORITIES, type Waiting } from './waiting.ts'

/** Whose turn it is, where one is served at a time. */
export type Turns<Item extends Share & { priority: Priority }> = Pick<
  Waiting<Item>,
  'add' | 'serve' | 'drop' | 'forget'
> & {
  /** The one whose turn it is. It stays in until it is served or dropped. */
  next(): Item | undefined
}

/** Nobody waits. What a job needs has its turn where no request needs anything. */
export function createTurns<Item extends Share & { priority: Priority }>(
  options?: Parameters<typeof createWaiting>[0],
): Turns<Item> {
  const { add, serve, drop, forget, next } = createWaiting<Item>(options)
  return {
    add,
    serve,
    drop,
    forget,
    next() {
      for (const priority of PRIORITIES) {
        const item = next(priority, () => true)
        if (item !== undefined) return item
      }
      return undefined
    },
  }
}
