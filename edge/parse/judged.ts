import { type Guards, JUDGING, type Model, type Task } from '../../shared/catalog.ts'
import type { HostTaskRequest } from '../../shared/tasks.ts'
import type { Work } from './work.ts'
import { worstCase } from './worst-case.ts'

/** Milliseconds that a classifier may take. The lease is so much longer. */
export const JUDGE_MS = 10_000
/** The most pieces of one request that are judged: as many as a request of text-classification may have. */
const MOST_PIECES = 2048

/**
 * A work that is judged before its model gets it. What users and tools say is judged; what the operator's own program says
 * (`system`) and what the model said is not. A long text is judged in pieces that the classifier can hold, so that nothing is too far
 * back to be seen.
 * @param guard the plan's; undefined where nothing is judged
 * @param models the catalog's
 */
export function judgedWork(work: Work, guard: Guards['injection'], models: readonly Model[]): Work {
  if (!guard || guard.in === 'off') return work
  const model = models.find(({ id }) => id === guard.model)
  const said = saidBy(work)
  if (!model || said.length === 0) return work
  const most = model.context - model.overhead.item - model.overhead.request
  const pieces = said.flatMap((text) => cut(text, Math.max(4, most))).slice(0, MOST_PIECES)
  const request: HostTaskRequest = {
    model: model.id,
    inputs: pieces,
    single: false,
    max_tokens: 0,
    parameters: { top_k: 100 },
  }
  const judging: Work = {
    task: JUDGING,
    model,
    path: `/v1/tasks/${JUDGING}`,
    request,
    stream: false,
    includeUsage: false,
    worst: worstCase(model, pieces, 0),
  }
  return { ...work, judged: { work: judging, guard } }
}

/** Whether a task's model does what a text tells it. */
export const followsOrders = (task: Task) => ORDERED.has(task)
const ORDERED: ReadonlySet<Task> = new Set(['chat', 'completion', 'text-generation'])

/** What users and tools say in a chat, or the prompt of a completion. */
function saidBy({ task, request }: Pick<Work, 'task' | 'request'>): string[] {
  if (!followsOrders(task)) return []
  if ('inputs' in request && Array.isArray(request.inputs)) return request.inputs
  if ('prompt' in request && typeof request.prompt === 'string') return [request.prompt]
  if (!('messages' in request) || !Array.isArray(request.messages)) return []
  return request.messages.flatMap(({ role, content }: { role: string; content: string | null }) =>
    (role === 'user' || role === 'tool') && content ? [content] : [],
  )
}

const utf8 = new TextEncoder()

/** A text in pieces of at most so many bytes of UTF-8, and so of at most so many tokens. */
function cut(text: string, most: number): string[] {
  const pieces: string[] = []
  let piece = ''
  let bytes = 0
  for (const char of text) {
    const more = utf8.encode(char).length
    if (bytes + more > most) {
      pieces.push(piece)
      piece = ''
      bytes = 0
    }
    piece += char
    bytes += more
  }
  return piece.trim() === '' ? pieces : [...pieces, piece]
}
