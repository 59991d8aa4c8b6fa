import { HUB_TASKS, type HubTask, type TextTask } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { type HostTaskRequest, HYPOTHESIS, hypothesisOf, TASK_REQUESTS } from '../../shared/tasks.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { boundInputs, outputTokens, type Work } from './work.ts'
import { worstCase, worstCaseOfPairs } from './worst-case.ts'

/** The tasks whose answer is generated token by token. */
const GENERATING: ReadonlySet<TextTask> = new Set(['summarization', 'translation', 'text-generation'])

/**
 * The task that a path names.
 * @throws TwohopError task_not_found, with the list of tasks
 */
export function hubTask(name: string): HubTask {
  const task = HUB_TASKS.find((known) => known === name)
  if (!task)
    throw new TwohopError('task_not_found', `There is no such task; there are ${HUB_TASKS.join(', ')}.`)
  return task
}

/** `POST /v1/tasks/:task` with texts -> work. @throws TwohopError as parseAs, entitlement, outputTokens and boundInputs do */
export function parseTask(task: TextTask, input: unknown, entitlement: Entitlement): Work {
  const {
    model: named,
    inputs,
    options: _,
    parameters: { generate_parameters: innermost, ...inner } = {},
    ...outer
  }: HubRequest = parseAs(TASK_REQUESTS[task], input)
  const model = entitlement.requireModel(named, task)
  const texts = textsOf(inputs)
  if (Array.isArray(inputs)) boundInputs(entitlement.plan, inputs, 'inputs')
  const asked = whatIsSaid({ ...outer, ...inner, ...whatIsSaid(innermost ?? {}) })
  const { max_new_tokens, max_length, do_sample, stream: _stream, ...parameters } = asked
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
  if (task === 'zero-shot-classification') {
    const { candidate_labels: labels = [] } = parameters
    boundInputs(entitlement.plan, { length: texts.length * labels.length }, 'parameters.candidate_labels')
  }
  const pairs = pairsOf(task, request)
  return {
    task,
    model,
    path: `/v1/tasks/${task}`,
    request,
    stream: false,
    includeUsage: false,
    worst: pairs ? worstCaseOfPairs(model, pairs) : worstCase(model, request.inputs, tokens),
  }
}

function textsOf(inputs: string | string[] | { question: string; context: string }): string[] {
  if (typeof inputs === 'string') return [inputs]
  return Array.isArray(inputs) ? inputs : [inputs.question, inputs.context]
}

/** The pairs of texts that a task's model reads together, each of which is computed; undefined without pairs. */
function pairsOf(task: TextTask, { inputs, parameters }: HostTaskRequest): [string, string][] | undefined {
  const [question = '', context = ''] = inputs
  if (task === 'question-answering') return [[question, context]]
  if (task !== 'zero-shot-classification') return undefined
  const { candidate_labels: labels = [], hypothesis_template: template = HYPOTHESIS } = parameters
  const hypotheses = labels.map((label) => hypothesisOf(template, label))
  return inputs.flatMap((text) => hypotheses.map((hypothesis): [string, string] => [text, hypothesis]))
}

/** All parameters of all tasks; each task's schema allows only its own. */
type HubParameters = HostTaskRequest['parameters'] & {
  max_new_tokens?: number | undefined
  max_length?: number | undefined
  do_sample?: boolean | undefined
  stream?: false | undefined
}

/** Any task's request, as its schema gives it. */
type HubRequest = Omit<HubParameters, 'stream'> & {
  stream?: false | undefined
  model?: string | undefined
  inputs: Parameters<typeof textsOf>[0]
  options?: unknown
  parameters?: (HubParameters & { generate_parameters?: HubParameters | undefined }) | undefined
}

/** Without the fields that are undefined: the host's schema knows none of those that are ignored. */
function whatIsSaid(parameters: HubParameters): HubParameters {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined))
}
