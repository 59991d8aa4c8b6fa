import type { Guards, Model, Plan, Task } from '../../shared/catalog.ts'
import { PlanRefused } from '../access/plan-refused.ts'
import type { AnswerGuard } from '../guard/answer.ts'
import type { Finding } from '../guard/policy.ts'
import type { MaskedRequest } from '../guard/request.ts'
import type { AnswerForm } from '../write/form.ts'
import type { WorstCase } from './worst-case.ts'

/** A validated request, ready to be reserved and sent, with every default filled in. */
export type Work = {
  task: Task
  model: Model
  /** The version that the caller asks for by name; undefined where it gets the one of its account. */
  version?: string | undefined
  /** Path on the host. */
  path: string
  /** The host's request. Its JSON is hashed, signed and sent. */
  request: object
  /** The file that goes with it, in one body with that JSON (shared/framed.ts). */
  file?: Uint8Array
  /** Bytes of the images in it, as they are written there. */
  imageBytes?: number | undefined
  stream: boolean
  /** Whether the client asked for the usage event at a stream's end. */
  includeUsage: boolean
  /** How the host's answer is written for the client; undefined where it is passed on as it is. */
  form?: AnswerForm | undefined
  /** What the answer is, where it is not JSON. */
  contentType?: string
  /** Looks through the answer before the client gets it; undefined where the plan looks for nothing. */
  guard?: AnswerGuard | undefined
  /** The request as foreign upstreams get it, where the plan takes something out; undefined where they get the request. */
  masked?: MaskedRequest | undefined
  worst: WorstCase
  /** What a classifier is to judge first; undefined where nothing is. */
  judged?: Judged | undefined
  /** What judges its answer while it is written; undefined where nothing does. */
  answerJudged?: AnswerJudged | undefined
}

/** How a classifier judges an answer piece by piece. */
export type AnswerJudged = {
  model: Model
  guard: NonNullable<Guards['judge']>
  /** The most bytes of a piece: half of what the classifier can hold. It gets the piece before too. */
  half: number
  /** Pieces that are reserved. */
  pieces: number
  tell: (finding: Finding) => void
}

/** The request as an own host gets it. */
export const forOwnHosts = ({ request, masked }: Pick<Work, 'request' | 'masked'>): object =>
  masked?.forAll ? masked.request : request

/** The work of a classifier that judges a request before the model gets it, within the same reservation. */
export type Judged = { work: Work; guard: NonNullable<Guards['injection']> }

/**
 * The cap on output tokens for each answer: what the request asks for, or the plan's default. It is never above the
 * model's context. All answers together are never above what the plan allows a request.
 * @param asked the client's number, the name of its field, and how many answers it wants
 * @throws PlanRefused invalid_request when it asks for more than the plan allows
 */
export function outputTokens(
  plan: Plan,
  model: Model,
  asked: { field: string; tokens: number | null | undefined; answers?: number },
): number {
  const { output_tokens_default, output_tokens_max } = plan.limits
  const { field, tokens, answers = 1 } = asked
  const most = Math.floor(output_tokens_max / answers)
  const askedFor = answers > 1 ? `${answers} answers of ${tokens ?? 1}` : tokens
  if (most < 1 || (tokens != null && tokens > most))
    throw new PlanRefused(
      'invalid_request',
      `Expected at most ${output_tokens_max} output tokens a request, as the plan ${plan.id} allows, found ${askedFor}.`,
      { param: answers > 1 && (tokens ?? 0) <= output_tokens_max ? 'n' : field },
    )
  return Math.min(tokens ?? Math.min(output_tokens_default, most), model.context)
}

/** @throws PlanRefused invalid_request when a request has more inputs than the plan allows */
export function boundInputs(plan: Plan, inputs: { readonly length: number }, field: string): void {
  if (inputs.length > plan.limits.inputs_max)
    throw new PlanRefused(
      'invalid_request',
      `Expected at most ${plan.limits.inputs_max} inputs, as the plan ${plan.id} allows, found ${inputs.length}.`,
      {
        param: field,
      },
    )
}
