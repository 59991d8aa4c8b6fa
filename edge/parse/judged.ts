import { type Guards, JUDGING, type Model, type Task } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { answersOf } from '../../shared/openai/answers-of.ts'
import { type Content, textOf } from '../../shared/openai/content.ts'
import type { HostTaskRequest } from '../../shared/tasks.ts'
import { bytesOf } from '../guard/answer-pieces.ts'
import type { Finding } from '../guard/policy.ts'
import { joined } from './messages.ts'
import { forOwnHosts, type Work } from './work.ts'
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
 * @throws TwohopError guard_unavailable where there is no such classifier; invalid_request for more text than can be judged, where
 * an attempt is to be blocked
 */
export function judgedWork(work: Work, guard: Guards['injection'], models: readonly Model[]): Work {
  if (!guard || guard.in === 'off') return work
  const model = classifierOf(guard, models, 'request')
  if (!model) return work
  const said = saidBy({ task: work.task, request: forOwnHosts(work) })
  const all = said.flatMap((text) => cut(text, Math.max(8, roomOf(model))))
  if (all.length > MOST_PIECES && guard.in === 'block')
    throw new TwohopError(
      'invalid_request',
      `Expected a text that makes at most ${MOST_PIECES} pieces to judge, found one that makes ${all.length}.`,
    )
  const pieces = all.slice(0, MOST_PIECES)
  // Only space is left, which a classifier refuses.
  if (pieces.length === 0) return work
  return { ...work, judged: { work: judging(model, pieces), guard } }
}

/** Tokens of an answer have no more characters than this, taken together; where they have, the answer is not judged to its end. */
const MOST_TOKEN_CHARS = 8

/**
 * A work whose answer is judged while it is written, within the same reservation.
 * @param guard the plan's; undefined where nothing is judged
 * @param models the catalog's
 * @param tell is told that an answer is one that must not be
 * @throws TwohopError guard_unavailable where there is no such classifier
 */
export function answerJudgedWork(
  work: Work,
  guard: Guards['judge'],
  models: readonly Model[],
  tell: (finding: Finding) => void,
): Work {
  if (!guard || guard.out === 'off' || !followsOrders(work.task)) return work
  const model = classifierOf(guard, models, 'answer')
  if (!model) return work
  const half = Math.max(8, Math.floor(roomOf(model) / 2))
  const chars = work.worst.outputTokens * MOST_TOKEN_CHARS
  // Each answer has a last piece that is shorter.
  const pieces = Math.ceil(chars / Math.min(guard.every, half)) + answersOf(work.request)
  return { ...work, answerJudged: { model, guard, half, pieces, tell } }
}

type Judge = { model: string; on_failure: 'block' | 'pass' }

/**
 * The model that judges. Undefined where there is none and what it would judge may pass.
 * @throws TwohopError guard_unavailable where it may not
 */
function classifierOf(judge: Judge, models: readonly Model[], what: 'request' | 'answer'): Model | undefined {
  const model = models.find(({ id }) => id === judge.model)
  if (!model && judge.on_failure === 'block')
    throw new TwohopError('guard_unavailable', `There is no classifier that could judge the ${what}.`)
  return model
}

/** Tokens of a text that a classifier can hold. */
const roomOf = ({ context, overhead }: Model) => context - overhead.item - overhead.request

/** What a classifier is asked about some texts. */
export function judging(model: Model, inputs: readonly string[]): Work {
  const request: HostTaskRequest = {
    model: model.id,
    inputs: [...inputs],
    single: false,
    max_tokens: 0,
    parameters: { top_k: 100 },
  }
  return {
    task: JUDGING,
    model,
    path: `/v1/tasks/${JUDGING}`,
    request,
    stream: false,
    includeUsage: false,
    worst: worstCase(model, inputs, 0),
  }
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
  return turnsOf(request.messages)
}

type Message = { role: string; content: Content }

/** What users and tools say, as one text where they say it in a row: an attempt may stand in two messages. */
function turnsOf(messages: readonly Message[]): string[] {
  const turns: string[] = []
  let goesOn = false
  for (const { role, content } of messages) {
    const told = role === 'user' || role === 'tool'
    const before = told && goesOn ? turns.pop() : undefined
    if (told) turns.push(joined(before, textOf(content), '\n'))
    goesOn = told
  }
  return turns
}

/**
 * A text in pieces of at most so many bytes of UTF-8, and so of at most so many tokens. Each begins with the second half of the
 * one before, so that what is no longer than half a piece is whole in one.
 */
function cut(text: string, most: number): string[] {
  const half = Math.floor(most / 2)
  const halves: string[] = []
  let part = ''
  let bytes = 0
  for (const char of text) {
    const more = bytesOf(char)
    if (bytes + more > half) {
      halves.push(part)
      part = ''
      bytes = 0
    }
    part += char
    bytes += more
  }
  halves.push(part)
  const pieces = halves.slice(0, Math.max(1, halves.length - 1)).map((one, i) => one + (halves[i + 1] ?? ''))
  return pieces.filter((piece) => piece.trim() !== '')
}
