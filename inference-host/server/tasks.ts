import { HUB_TASKS, type HubTask } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { HostTaskRequest } from '../../shared/tasks.ts'
import type { Job, Limits } from '../engine/port.ts'
import type { Run } from '../scheduler/run.ts'
import { begin, type Host, type HostContext, readRequest } from './call.ts'
import { wholeText } from './generation.ts'
import { outputOf } from './output.ts'
import { answer, failedAnswer } from './report.ts'

/** One task of the hub: what it computes, and the hub's shape of its answer as JSON text. */
type TaskRoute = {
  job(request: HostTaskRequest, limits: Limits): Job
  json(run: Run, request: HostTaskRequest): Promise<string>
}

const ROUTES: Record<HubTask, TaskRoute> = {
  'text-classification': {
    job: ({ inputs, parameters }, limits) => ({
      kind: 'classify',
      texts: inputs,
      topK: parameters.top_k,
      limits,
    }),
    json: async (run) => JSON.stringify((await outputOf(run, 'labels')).labels),
  },
  'feature-extraction': {
    // The hub's embedding servers normalize unless told not to.
    job: ({ inputs, parameters }, limits) => ({
      kind: 'embed',
      texts: inputs,
      normalize: parameters.normalize ?? true,
      encoding: 'float',
      limits,
    }),
    json: async (run, { single }) => {
      const { json } = await outputOf(run, 'vectors')
      return single && json[0] !== undefined ? json[0] : `[${json.join(',')}]`
    },
  },
  summarization: rewriting('summary_text'),
  translation: rewriting('translation_text'),
  'text-generation': {
    job: (request, limits) => ({
      kind: 'complete',
      prompt: only(request),
      sampling: {
        temperature: request.parameters.temperature,
        topP: request.parameters.top_p,
        seed: request.parameters.seed,
        stop: request.parameters.stop ?? [],
      },
      limits,
    }),
    json: async (run, request) => {
      const { text } = await wholeText(run)
      const full = request.parameters.return_full_text ?? true
      return JSON.stringify([{ generated_text: full ? only(request) + text : text }])
    },
  },
}

function rewriting(key: 'summary_text' | 'translation_text'): TaskRoute {
  return {
    job: (request, limits) => ({
      kind: 'rewrite',
      text: only(request),
      from: request.parameters.src_lang,
      to: request.parameters.tgt_lang,
      limits,
    }),
    json: async (run) => JSON.stringify([{ [key]: (await wholeText(run)).text }]),
  }
}

/** The one input of a task that takes one. */
function only({ inputs }: HostTaskRequest): string {
  const [input, ...more] = inputs
  if (input === undefined || more.length > 0)
    throw new TwohopError('invalid_request', 'This task takes one input.', { param: 'inputs' })
  return input
}

function isHubTask(name: string): name is HubTask {
  return (HUB_TASKS as readonly string[]).includes(name)
}

/** `POST /v1/tasks/:task`: the hub's tasks. */
export function tasks(host: Host) {
  return async function handleTask(context: HostContext): Promise<Response> {
    const task = context.req.param('task') ?? ''
    if (!isHubTask(task))
      throw new TwohopError('task_not_found', `No task is called ${task}; there are ${HUB_TASKS.join(', ')}.`)
    const route = ROUTES[task]
    const request = await readRequest(context, HostTaskRequest, host.bodyBytes)
    const run = begin(context, host, {
      task,
      model: request.model,
      maxTokens: request.max_tokens,
      job: (limits) => route.job(request, limits),
    })
    const { requestId } = context.var
    try {
      return answer(await route.json(run, request), requestId, run)
    } catch (error) {
      return failedAnswer(error, requestId, run)
    }
  }
}
