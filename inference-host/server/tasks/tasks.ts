import { HUB_TASKS, type HubTask, isMediaTask, type TextTask } from '../../../shared/catalog.ts'
import { TwohopError } from '../../../shared/errors.ts'
import { HostTaskRequest } from '../../../shared/tasks.ts'
import { begin, type Host, type HostContext, readRequest } from '../call.ts'
import { answerOf } from '../report.ts'
import { mediaTask } from './media.ts'
import { READING } from './reading.ts'
import type { TaskRoute } from './route.ts'
import { WRITING } from './writing.ts'

const ROUTES: Record<TextTask, TaskRoute> = { ...READING, ...WRITING }

function isHubTask(name: string): name is HubTask {
  return HUB_TASKS.some((task) => task === name)
}

/** `POST /v1/tasks/:task`: the hub's tasks. */
export function tasks(host: Host) {
  return async function handleTask(context: HostContext): Promise<Response> {
    const task = context.req.param('task') ?? ''
    if (!isHubTask(task))
      throw new TwohopError('task_not_found', `No task is called ${task}; there are ${HUB_TASKS.join(', ')}.`)
    if (isMediaTask(task)) return mediaTask(context, host, task)
    const route = ROUTES[task]
    const request = await readRequest(context, HostTaskRequest, host)
    const admitted = begin(context, host, {
      task,
      model: request.model,
      maxTokens: request.max_tokens,
      work: (limits) => route.work(request, limits),
    })
    return answerOf(admitted, () => route.json(admitted.run, request))
  }
}
