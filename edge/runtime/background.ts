/** Work that goes on after an answer: settlements, reports. */
export type Background = {
  /** Keeps count of a task. What it throws is nobody's: whoever begins a task logs its faults. */
  add(task: Promise<unknown>): void
  /** Settles once there is nothing left to do, also of what began meanwhile. */
  idle(): Promise<void>
}

/** Counts the tasks under way, on a platform that has no `waitUntil` of its own. */
export function createBackground(): Background {
  const tasks = new Set<Promise<unknown>>()
  return {
    add(task) {
      const ended = task.catch(() => {}).finally(() => tasks.delete(ended))
      tasks.add(ended)
    },
    async idle() {
      while (tasks.size > 0) await Promise.all(tasks)
    },
  }
}
