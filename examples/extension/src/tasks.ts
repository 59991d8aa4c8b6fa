/** What the panel can do with a text. */
export type Task = 'summarize' | 'explain' | 'translate' | 'classify' | 'ask'

/** Those that work on a text of the page, in the order of the context menu. */
export const PAGE_TASKS = ['summarize', 'explain', 'translate', 'classify'] as const satisfies readonly Task[]

export const TITLES: Readonly<Record<Task, string>> = {
  summarize: 'Summarize',
  explain: 'Explain',
  translate: 'Translate',
  classify: 'Classify',
  ask: 'Ask',
}

export const isTask = (value: unknown): value is Task =>
  typeof value === 'string' && Object.hasOwn(TITLES, value)
