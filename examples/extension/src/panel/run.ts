import { config } from '../chosen-config.ts'
import { cutText } from '../cut-text.ts'
import { type Edge, EdgeError, type Label, type Models } from '../edge/edge.ts'
import type { Ending, Entry, History } from '../history.ts'
import { promptFor } from '../prompt.ts'
import { sentenceFor } from '../sentences.ts'
import { type Task, TITLES } from '../tasks.ts'

/** Milliseconds between two writes of an answer that is still coming: a panel that is closed keeps what it had. */
const KEEP_EVERY_MS = 1000

export type Request = { task: Task; text: string; question: string; language: string }

/** Where a run shows what happens. */
export type Shown = {
  piece: (text: string) => void
  labels: (labels: Label[]) => void
  /** A sentence about what went wrong or was left out. */
  told: (sentence: string) => void
}

export type Runner = {
  /** Runs one task to its end; what ran before is stopped. @returns the entry that it is kept under */
  run: (request: Request, shown: Shown) => Promise<Entry>
  stop: () => void
}

/**
 * Runs tasks in the panel's own page. A service worker may be stopped in the middle of a stream, and a panel is open as long
 * as somebody looks at it. When it closes, its request ends and the model stops.
 * @param refresh asks for a fresh token
 */
export function openRunner(
  edge: Edge,
  models: Models,
  history: History,
  refresh: () => Promise<unknown>,
): Runner {
  let running = new AbortController()

  async function run(request: Request, shown: Shown): Promise<Entry> {
    running.abort()
    const own = new AbortController()
    running = own
    const { task } = request
    const { text, isCut } = cutText(request.text.trim(), config.longestText)
    const entry: Entry = {
      ...{ id: crypto.randomUUID(), at: Date.now(), task, answer: '', ending: 'running' },
      source: task === 'ask' ? request.question : text,
    }
    const end = async (ending: Ending) => {
      entry.ending = ending
      await history.put(entry)
      return entry
    }
    if (isCut) shown.told('The text is long: only its beginning was sent.')
    try {
      if (task === 'classify') {
        const labels = await edge.classify({ model: modelOf(models, task), text, signal: own.signal })
        shown.labels(labels)
        entry.answer = labels.map(({ label, score }) => `${label} ${percent(score)}`).join(', ')
        return await end('done')
      }
      const messages = promptFor({ ...request, task, text })
      let kept = 0
      for await (const piece of edge.answer({ model: modelOf(models, task), messages, signal: own.signal })) {
        entry.answer += piece
        shown.piece(piece)
        if (Date.now() - kept < KEEP_EVERY_MS) continue
        kept = Date.now()
        await history.put(entry)
      }
      return await end('done')
    } catch (error) {
      if (own.signal.aborted) return end('stopped')
      shown.told(sentenceOf(error))
      // Their token says that the address is not confirmed, until the next one.
      if (error instanceof EdgeError && error.detail.code === 'email_unverified')
        await refresh().catch(() => undefined)
      return end('failed')
    }
  }

  return { run, stop: () => running.abort() }
}

export const percent = (score: number) => `${Math.round(score * 100)} %`

/** What the user is told of anything thrown, with the request's id where the operator can find it. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof EdgeError))
    return 'The service cannot be reached. Are you connected to the internet?'
  const { status = 500, requestId } = error.detail
  const reference = status >= 500 && requestId ? ` (Reference: ${requestId})` : ''
  return sentenceFor(error.detail) + reference
}

/** @throws EdgeError where the user's plan has no model for a task */
function modelOf(models: Models, task: Task): string {
  const model = task === 'classify' ? models.classify : models.chat
  if (model === undefined)
    throw new EdgeError({
      code: 'model_not_allowed',
      message: `No model can ${TITLES[task]}.`,
      requestId: '',
      status: 403,
    })
  return model
}
