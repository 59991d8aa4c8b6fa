import { browser } from 'wxt/browser'
import type { Task } from './tasks.ts'

/** How an answer ended. One that is `running` when the panel opens was cut off when the panel closed. */
export type Ending = 'running' | 'done' | 'stopped' | 'failed'

export type Entry = { id: string; at: number; task: Task; source: string; answer: string; ending: Ending }

/** What is kept at most, of each user, in this browser. */
const ENTRIES = 50
const SOURCE_CHARACTERS = 300
const ANSWER_CHARACTERS = 8000

/** The user's earlier answers, newest first. They never leave this browser. */
export type History = {
  read: () => Promise<Entry[]>
  /** Adds an entry, or puts it in the place of the one with its id. */
  put: (entry: Entry) => Promise<void>
  clear: () => Promise<void>
}

export function openHistory(userId: string): History {
  const key = `history:${userId}`
  const read = async () => ((await browser.storage.local.get(key))[key] as Entry[] | undefined) ?? []
  // Panels of two windows write the same list.
  const alone = (write: () => Promise<void>) => navigator.locks.request(key, write)
  return {
    read,
    put: (entry) =>
      alone(async () => {
        const bounded = {
          ...entry,
          source: entry.source.slice(0, SOURCE_CHARACTERS),
          answer: entry.answer.slice(0, ANSWER_CHARACTERS),
        }
        const entries = await read()
        const place = entries.findIndex(({ id }) => id === entry.id)
        if (place === -1) entries.unshift(bounded)
        else entries[place] = bounded
        await browser.storage.local.set({ [key]: entries.slice(0, ENTRIES) })
      }),
    clear: () => alone(() => browser.storage.local.remove(key)),
  }
}
