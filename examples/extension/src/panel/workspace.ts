import { browser } from 'wxt/browser'
import type { Edge, Label, Models } from '../edge/edge.ts'
import { onTask } from '../handoff.ts'
import { openHistory } from '../history.ts'
import { selectedText } from '../selection.ts'
import type { User } from '../sign-in/port.ts'
import { isTask, type Task } from '../tasks.ts'
import { element, withText } from './elements.ts'
import { showHistory } from './history-list.ts'
import { openLanguages } from './languages.ts'
import { openRunner, percent, type Shown } from './run.ts'

/** Milliseconds after which an answer has surely been counted. */
const SETTLED_MS = 1000

/** What a signed-in user sees: the text, the tasks, the answer and what was answered before. */
export async function openWorkspace(
  user: User,
  edge: Edge,
  models: Models,
  refresh: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const text = element('text', HTMLTextAreaElement)
  const question = element('question', HTMLInputElement)
  const answer = element('answer', HTMLParagraphElement)
  const labels = element('labels', HTMLUListElement)
  const told = element('answer-told', HTMLParagraphElement)
  const textTold = element('text-told', HTMLParagraphElement)
  const stop = element('stop', HTMLButtonElement)
  const copy = element('copy', HTMLButtonElement)
  const history = openHistory(user.id)
  const runner = openRunner(edge, models, history, refresh)
  const language = openLanguages()
  const listen = <K extends keyof HTMLElementEventMap>(
    target: HTMLElement,
    type: K,
    then: (event: HTMLElementEventMap[K]) => void,
  ) => target.addEventListener(type, then, { signal })

  const shown: Shown = {
    piece: (piece) => answer.append(piece),
    labels: (found) => labels.replaceChildren(...found.map(bar)),
    told: (sentence) => told.append(withText('span', `${sentence} `)),
  }
  /** Counts the runs, so that one that was replaced does not tidy up after the other. */
  let latest = 0

  async function run(task: Task): Promise<void> {
    textTold.textContent = ''
    if (task === 'ask' ? question.value.trim() === '' : text.value.trim() === '') {
      textTold.textContent = task === 'ask' ? 'Type a question first.' : 'Select some text on a page first.'
      return (task === 'ask' ? question : text).focus()
    }
    latest += 1
    const own = latest
    for (const part of [answer, labels, told]) part.replaceChildren()
    labels.hidden = task !== 'classify'
    stop.hidden = false
    copy.hidden = true
    answer.ariaBusy = 'true'
    const request = { task, text: text.value, question: question.value.trim(), language: language() }
    const entry = await runner.run(request, shown)
    if (own !== latest || signal.aborted) return
    answer.ariaBusy = 'false'
    if (entry.ending === 'stopped') told.textContent = 'Stopped. Only what was written is paid for.'
    if (document.activeElement === stop) answer.focus()
    stop.hidden = true
    copy.hidden = entry.answer === ''
    await showHistory(history, entry.id)
    // What the answer really cost takes the place of its worst case a moment after its end.
    setTimeout(() => void edge.readBudget().catch(() => undefined), SETTLED_MS)
  }

  for (const button of document.querySelectorAll<HTMLButtonElement>('button[type=button][data-task]')) {
    const { task } = button.dataset
    if (isTask(task)) listen(button, 'click', () => void run(task))
  }
  listen(element('ask', HTMLFormElement), 'submit', (event) => {
    event.preventDefault()
    void run('ask')
  })
  listen(stop, 'click', () => runner.stop())
  listen(copy, 'click', () => void navigator.clipboard.writeText(answer.textContent || labels.textContent))
  listen(
    element('clear', HTMLButtonElement),
    'click',
    () => void history.clear().then(() => showHistory(history)),
  )
  listen(element('take-selection', HTMLButtonElement), 'click', async () => {
    const [tab] = await browser.tabs.query({ active: true, currentWindow: true })
    const selected = tab?.id === undefined ? undefined : await selectedText(tab.id).catch(() => undefined)
    if (selected) text.value = selected
    textTold.textContent =
      selected === undefined
        ? "The browser has not let this extension look at the page yet. Click its button in the toolbar once, or use the page's right-click menu."
        : selected === ''
          ? 'Nothing is selected on the page.'
          : ''
  })
  signal.addEventListener('abort', () => {
    runner.stop()
    for (const part of [answer, labels, told, element('history', HTMLOListElement)]) part.replaceChildren()
    text.value = ''
    question.value = ''
  })

  element('tasks', HTMLDivElement)
    .querySelector<HTMLButtonElement>('[data-task=classify]')
    ?.toggleAttribute('disabled', models.classify === undefined)
  element('work', HTMLElement).inert = false
  await showHistory(history)
  const { id } = await browser.windows.getCurrent()
  if (id !== undefined)
    await onTask(
      id,
      (handoff) => {
        text.value = handoff.text
        void run(handoff.task)
      },
      signal,
    )
}

function bar({ label, score }: Label): HTMLLIElement {
  const made = document.createElement('li')
  const meter = document.createElement('meter')
  meter.value = score
  meter.ariaLabel = label
  made.append(withText('span', label), meter, withText('span', percent(score)))
  return made
}
