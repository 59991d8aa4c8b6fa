import { scopeOf, type Task } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import type { ServiceClaims } from '../../shared/service-token.ts'
import type { Span } from '../../shared/tracing/port.ts'
import { type ModelTask, SEEING } from '../device/port.ts'
import type { ModelQueue, Prepare } from '../scheduler/model-queue.ts'
import type { Requests } from '../scheduler/requests.ts'
import type { Run } from '../scheduler/run.ts'
import type { Priority } from '../scheduler/slots.ts'
import type { Limits, Work } from '../work/work.ts'

/** What a parsed request asks for, and how the structure is prepared that its work still lacks. */
export type Asked = {
  task: Task
  model: string
  maxTokens: number
  work: (limits: Limits) => Work
  prepare?: Prepare | undefined
  /** The request's span, where requests are traced. */
  span?: Span | undefined
}

/** Checks a request against its token and gives it to the scheduler, or throws. There is no other way to a run. */
export type Admit = (claims: ServiceClaims, asked: Asked) => Run

type Options = {
  queues: ReadonlyMap<string, ModelQueue>
  requests: Requests
  /** How its requests rank; default interactive. */
  priority?: Priority
  /** False before the warm-up is done and while draining. */
  ready: () => boolean
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** The kind of model that does a task. Chats are done by two. */
const SERVED_BY: Record<Exclude<Task, 'chat'>, ModelTask> = {
  completion: 'text-generation',
  'text-generation': 'text-generation',
  embedding: 'feature-extraction',
  'feature-extraction': 'feature-extraction',
  'text-classification': 'text-classification',
  'text-ranking': 'text-ranking',
  'token-classification': 'token-classification',
  'zero-shot-classification': 'zero-shot-classification',
  'fill-mask': 'fill-mask',
  'question-answering': 'question-answering',
  summarization: 'summarization',
  translation: 'translation',
  'automatic-speech-recognition': 'automatic-speech-recognition',
  'image-classification': 'image-classification',
  'image-to-text': 'image-to-text',
}

const serves = (model: ModelTask, task: Task) =>
  task === 'chat' ? model === 'text-generation' || model === SEEING : model === SERVED_BY[task]

/**
 * An Admit. It throws TwohopError `host_not_ready`, `service_token_invalid` (the token does not cover what the body
 * asks), `model_not_found`, `invalid_request`, `host_timeout` (it cannot be done in time), `too_many_concurrent` (too many
 * of this account wait) or `host_busy`.
 */
export function createAdmit({
  queues,
  requests,
  priority = 'interactive',
  ready,
  now = Date.now,
}: Options): Admit {
  return function admit(claims, { task, model, maxTokens, work, prepare, span }) {
    if (!ready()) throw new TwohopError('host_not_ready', 'The host is starting or about to stop.')
    if (claims.scope !== scopeOf(task)) throw uncovered('scope')
    if (claims.model !== model) throw uncovered('model')
    if (maxTokens > claims.reserved.output_tokens) throw uncovered('max_tokens')
    const queue = queues.get(model)
    if (queue === undefined)
      throw new TwohopError('model_not_found', `No model is called ${model}.`, { param: 'model' })
    if (!serves(queue.info.task, task))
      throw new TwohopError('invalid_request', `${model} does ${queue.info.task}, not ${task}.`, {
        param: 'model',
      })
    if (claims.deadline <= now()) throw new TwohopError('host_timeout', 'The deadline has passed.')
    const limits = { promptTokens: claims.reserved.prompt_tokens, outputTokens: maxTokens }
    const asked = { ...work(limits), account: claims.sub, background: priority === 'job' }
    const asker = { account: claims.sub, weight: claims.weight, priority, span }
    queue.check(asked, claims.deadline, asker, prepare)
    const run = queue.submit(asked, claims.deadline, asker, prepare)
    requests.add(claims.jti, claims.sub, run)
    return run
  }
}

function uncovered(what: string): TwohopError {
  return new TwohopError('service_token_invalid', `The service token does not cover the request's ${what}.`)
}
