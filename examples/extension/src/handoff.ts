import { browser } from 'wxt/browser'
import { isTask, type Task } from './tasks.ts'

/** What the context menu asks of the panel. */
export type Handoff = { windowId: number; task: Task; text: string }

const KEY = 'handoff'

/**
 * Leaves a task for the panel of a window. It lies in `storage.session`, in memory: the worker may end before the panel is
 * open, and no page can read it.
 */
export async function leaveTask(handoff: Handoff): Promise<void> {
  await browser.storage.session.set({ [KEY]: handoff })
}

/** Gives each task of this window once, also one that was left before the panel opened. */
export async function onTask(
  windowId: number,
  run: (handoff: Handoff) => void,
  signal: AbortSignal,
): Promise<void> {
  const take = async (value: unknown) => {
    if (!isHandoff(value) || value.windowId !== windowId) return
    await browser.storage.session.remove(KEY)
    run(value)
  }
  const { onChanged } = browser.storage.session
  const changed = (changes: Record<string, { newValue?: unknown }>) => void take(changes[KEY]?.newValue)
  onChanged.addListener(changed)
  signal.addEventListener('abort', () => onChanged.removeListener(changed))
  await take((await browser.storage.session.get(KEY))[KEY])
}

function isHandoff(value: unknown): value is Handoff {
  const { windowId, task, text } = (value ?? {}) as Partial<Handoff>
  return typeof windowId === 'number' && typeof text === 'string' && isTask(task)
}
