import * as z from 'zod'
import { MEDIA_TASKS, type Task, TEXT_TASKS } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { MAX_JOB_INPUTS } from '../../shared/jobs/record.ts'
import { optional } from '../../shared/openai/field.ts'
import { parseAs } from '../../shared/parse-as.ts'
import type { Entitlement } from '../access/entitlement.ts'
import { PlanRefused } from '../access/plan-refused.ts'
import { type Finding, policyOf, toldOnce } from '../guard/policy.ts'
import { guarded } from '../guard/request.ts'
import { parseChat } from '../parse/chat.ts'
import { parseCompletion } from '../parse/completions.ts'
import { parseEmbedding } from '../parse/embeddings.ts'
import { followsOrders } from '../parse/judged.ts'
import { formOf, mediaOf } from '../parse/media-body.ts'
import { parseMediaTask } from '../parse/media-tasks.ts'
import { parseRerank } from '../parse/rerank.ts'
import { parseTask } from '../parse/tasks.ts'
import { parseTranscription } from '../parse/transcriptions.ts'
import type { Work } from '../parse/work.ts'

type Parse = (input: unknown, entitlement: Entitlement) => Work

/** The endpoints that a job can be for, each with its task and its own parser. */
const ENDPOINTS = new Map<string, { task: Task; parse: Parse }>([
  ['/v1/chat/completions', { task: 'chat', parse: parseChat }],
  ['/v1/completions', { task: 'completion', parse: parseCompletion }],
  ['/v1/embeddings', { task: 'embedding', parse: parseEmbedding }],
  ['/v1/rerank', { task: 'text-ranking', parse: parseRerank }],
  [
    '/v1/audio/transcriptions',
    {
      task: 'automatic-speech-recognition',
      parse: (input, entitlement) => asJson(parseTranscription(formOf(input), entitlement)),
    },
  ],
  ...MEDIA_TASKS.map((task): [string, { task: Task; parse: Parse }] => [
    `/v1/tasks/${task}`,
    { task, parse: (input, entitlement) => parseMediaTask(task, mediaOf(input), entitlement) },
  ]),
  ...TEXT_TASKS.map((task): [string, { task: Task; parse: Parse }] => [
    `/v1/tasks/${task}`,
    { task, parse: (input, entitlement) => parseTask(task, input, entitlement) },
  ]),
])

const Body = z.record(z.string(), z.unknown())

export const JobRequest = z.strictObject({
  endpoint: z.enum([...ENDPOINTS.keys()]),
  body: optional(Body),
  inputs: optional(z.array(Body).min(1).max(MAX_JOB_INPUTS)),
})

/** The task, model and path that a job's inputs share, and the work of each, in order; there is at least one. */
export type JobWork = Pick<Work, 'task' | 'model' | 'version' | 'path'> & { works: readonly Work[] }

/**
 * `POST /v1/jobs` -> the work of each input, as that endpoint's own parser reads it. Paths of bad fields begin with the
 * input's: `inputs[3].messages[0].content`.
 * @param tell is told what guards find in the inputs
 * @throws TwohopError as parsing, entitlement and guards do; invalid_request for inputs of several models and for streams
 */
export function parseJob(
  input: unknown,
  entitlement: Entitlement,
  tell: (finding: Finding) => void = () => {},
): JobWork {
  const { endpoint, body, inputs } = parseAs(JobRequest, input)
  if ((body === undefined) === (inputs === undefined))
    throw new TwohopError(
      'invalid_request',
      `Expected either body or inputs, found ${body ? 'both' : 'neither'}.`,
      {
        param: body === undefined ? 'body' : 'inputs',
      },
    )
  const { task, parse } = ENDPOINTS.get(endpoint) as { task: Task; parse: Parse }
  entitlement.requireScope(task)

  const { guards } = entitlement.plan
  if ((guards?.injection?.in === 'block' || guards?.judge?.out === 'block') && followsOrders(task))
    throw new PlanRefused(
      'invalid_request',
      'Expected an endpoint that needs no judging: this plan has a classifier judge each request, or its answer.',
      {
        param: 'endpoint',
      },
    )
  const policy = policyOf({ guards })
  const once = toldOnce(tell)
  const works = (inputs ?? [body]).map((one, i) =>
    under(inputs ? `inputs[${i}]` : 'body', () =>
      // Only own hosts do jobs.
      noStream(guarded(parse(one, entitlement), { policy, leaves: false, tell: once })),
    ),
  )
  const { model, path } = works[0] as Work
  const other = works.findIndex((work) => work.model.id !== model.id)
  if (other > 0)
    throw new TwohopError(
      'invalid_request',
      `Expected ${model.id}, the model of the inputs before, found ${works[other]?.model.id}.`,
      { param: `inputs[${other}].model` },
    )
  return { task, model, path, works }
}

/** Results are kept as JSON. */
function asJson(work: Work): Work {
  if (work.contentType === undefined) return work
  throw new TwohopError('invalid_request', 'Expected json or verbose_json in a job, found another form.', {
    param: 'response_format',
  })
}

function noStream(work: Work): Work {
  if (work.stream)
    throw new TwohopError(
      'invalid_request',
      'Expected false (GET /v1/jobs/<id>/events tells how far a job is), found true.',
      {
        param: 'stream',
      },
    )
  return work
}

/** Runs `parse`. A TwohopError that it throws gets `prefix` before the name of its field. */
function under<T>(prefix: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof TwohopError)) throw error
    const { code, message, param = '', retryAfterMs } = error
    const dot = param === '' || param.startsWith('[') ? '' : '.'
    const Refused = error instanceof PlanRefused ? PlanRefused : TwohopError
    throw new Refused(code, message, {
      param: `${prefix}${dot}${param}`,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
  }
}
