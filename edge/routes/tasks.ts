import { HUB_TASKS, type HubTask } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { type HostTaskRequest, TASK_REQUESTS } from '../../shared/tasks.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { worstCase } from '../budget/estimate.ts'
import { parseAs } from '../parse/body.ts'
import { boundInputs, outputTokens, type Work } from '../parse/work.ts'

/** The tasks whose answer is generated token by token. */
const GENERATING: ReadonlySet<HubTask> = new Set(['summarization', 'translation', 'text-generation'])

/**
 * The task that a path names.
 * @throws TwohopError task_not_found, with the list of those there are
 */
export function hubTask(name: string): HubTask {
  const task = HUB_TASKS.find((known) => known === name)
  if (!task)
    throw new TwohopError('task_not_found', `There is no such task; there are ${HUB_TASKS.join(', ')}.`)
  return task
}

/** `POST /v1/tasks/:task` -> work. Throws what parsing and entitlement throw. */
export function parseTask(task: HubTask, input: unknown, entitlement: Entitlement): Work {
  const { model: named, inputs, ...rest } = parseAs(TASK_REQUESTS[task], input)
  const model = entitlement.requireModel(named, task)
  const texts = typeof inputs === 'string' ? [inputs] : inputs
  boundInputs(entitlement.plan, texts, 'inputs')
  const asked: HubParameters = {
    ...('normalize' in rest ? { normalize: rest.normalize } : {}),
    ...rest.parameters,
  }
  const { max_new_tokens, max_length, do_sample, function_to_apply: _, ...parameters } = asked
  if (do_sample === false) parameters.temperature = 0
  const tokens = GENERATING.has(task)
    ? outputTokens(entitlement.plan, model, {
        field: 'parameters.max_new_tokens',
        tokens: max_new_tokens ?? max_length,
      })
    : 0
  const request: HostTaskRequest = {
    model: model.id,
    inputs: texts.map((text) => text.toWellFormed()),
    single: !Array.isArray((input as { inputs: unknown }).inputs),
    max_tokens: tokens,
    parameters,
  }
  return {
    task,
    model,
    path: `/v1/tasks/${task}`,
    request,
    stream: false,
    includeUsage: false,
    worst: worstCase(model, request.inputs, tokens),
  }
}

/** All parameters of all tasks; each task's schema lets through its own. */
type HubParameters = HostTaskRequest['parameters'] & {
  max_new_tokens?: number | undefined
  max_length?: number | undefined
  do_sample?: boolean | undefined
  function_to_apply?: 'softmax' | undefined
}
