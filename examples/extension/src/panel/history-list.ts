import type { Entry, History } from '../history.ts'
import { TITLES } from '../tasks.ts'
import { element, withText } from './elements.ts'

const ENDINGS: Readonly<Record<Entry['ending'], string>> = {
  done: '',
  stopped: ' (stopped)',
  failed: ' (broke off)',
  running: ' (cut off)',
}
const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' })

/** Shows what was answered before, but not `current`, which stands above it. */
export async function showHistory(history: History, current?: string): Promise<void> {
  const entries = (await history.read()).filter(({ id }) => id !== current)
  element('history', HTMLOListElement).replaceChildren(...entries.map(item))
  element('earlier', HTMLDetailsElement).hidden = entries.length === 0
}

function item({ at, task, source, answer, ending }: Entry): HTMLLIElement {
  const made = document.createElement('li')
  made.append(
    withText('p', `${TITLES[task]}${ENDINGS[ending]}, ${time.format(at)}`),
    withText('blockquote', source),
    withText('p', answer),
  )
  return made
}
