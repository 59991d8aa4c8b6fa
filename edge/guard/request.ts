import * as z from 'zod'
import type { Model } from '../../shared/catalog.ts'
import { TwohopError } from '../../shared/errors.ts'
import { answersOf } from '../../shared/openai/answers-of.ts'
import { unitsOf } from '../../shared/units.ts'
import { type AnswerForm, withFieldsOf } from '../write/form.ts'
import { type AnswerGuard, createAnswerGuard } from './answer.ts'
import { type Masked, maskRequest } from './mask.ts'
import { contentBlocked, type Finding, findingsOf, isIdle, type Policy, toldOnce } from './policy.ts'
import type { Writing } from './seen.ts'
import { mapTexts, writingAt } from './texts.ts'
import { cutWhole } from './watch.ts'

/** What is looked at of a request's work. */
export type Guardable = Maskable & { guard?: AnswerGuard | undefined; masked?: MaskedRequest | undefined }
type Maskable = {
  model: Pick<Model, 'prices'>
  request: object
  worst: { promptTokens: number; outputTokens: number; units: number }
  form?: AnswerForm | undefined
}

/** A request with placeholders, which foreign upstreams get in the place of it; and own hosts, where it is for all. */
export type MaskedRequest = { request: object; forAll: boolean }

/** Whose guards look at a request, and what they know of it. */
export type Guarding = {
  policy: Policy | undefined
  /** Whether a foreign upstream may get it. */
  leaves: boolean
  /** Is told each rule that finds something, once in each direction. */
  tell: (finding: Finding) => void
}

/**
 * Looks through all texts of a request, and prepares the work for what is looked for in its answer.
 * @throws TwohopError content_blocked with the field of the text; invalid_request for log probabilities of an answer that may
 * be changed, since they spell it
 */
export function guarded<Work extends Guardable>(work: Work, guarding: Guarding): Work {
  const { policy, tell } = guarding
  if (!policy) return work
  const { request } = work
  renaming(work, () => checkRequest(request, policy, tell))
  const masked = masking(work, guarding)
  const sent: Work = masked
    ? { ...work, masked: { request: masked.request, forAll: policy.masksAll }, worst: masked.worst }
    : work
  const out = { ...policy.out, putBack: masked?.putBack }
  if (isIdle(out)) return sent
  return {
    ...sent,
    guard: createAnswerGuard(out, { answers: answersOf(request), writing: writingOf(request) }, tell),
  }
}

/**
 * A request without what the plan masks, if it may go to whom that is for; its worst case covers what is sent. Undefined where there
 * is nothing to take out.
 * @throws TwohopError as guarded does
 */
export function masking<Work extends Maskable>(
  work: Work,
  { policy, leaves, tell }: Guarding,
): (Masked<Work['request']> & Pick<Work, 'worst'>) | undefined {
  if (!policy || policy.masks.length === 0 || !(leaves || policy.masksAll)) return undefined
  const { request, worst, model } = work
  const once = toldOnce(tell)
  const masked = renaming(work, () => {
    refuseLogprobs(request)
    return maskRequest(request, policy.masks, (rule, blocked) =>
      once({ way: 'in', rule, blocked, ...(!blocked && { masked: true }) }),
    )
  })
  if (!masked) return undefined
  const promptTokens = worst.promptTokens + masked.added
  const { outputTokens } = worst
  const units = unitsOf(model.prices, { promptTokens, outputTokens })
  return { ...masked, worst: { promptTokens, outputTokens, units } }
}

/** What `run` gives; a refused field has the name that the client's API has for it. */
function renaming<Result>({ form }: Pick<Maskable, 'form'>, run: () => Result): Result {
  return form ? withFieldsOf(form.fieldOf, run) : run()
}

/** How the answer is written: as JSON where it has to be. */
function writingOf(request: object): Writing {
  const { response_format: format, structured_outputs: outputs } = Asked.parse(request)
  return (format && format.type !== 'text') || outputs?.json !== undefined ? 'json' : 'plain'
}

const Asked = z.object({
  response_format: z.object({ type: z.string() }).optional(),
  structured_outputs: z.object({ json: z.unknown() }).optional(),
})

/** Looks through all texts of a request, and no more. @throws TwohopError as guarded does */
export function checkRequest(request: object, policy: Policy, tell: (finding: Finding) => void): void {
  if (!isIdle(policy.in)) {
    const found = findingsOf(policy.in, 'in', tell)
    mapTexts(request, (text, path) => {
      const { rule } = cutWhole(policy.in, text, writingAt(path), found)
      if (rule !== undefined) throw contentBlocked('text', rule, path)
      return text
    })
  }
  if (policy.out.blocks.length > 0) refuseLogprobs(request)
}

function refuseLogprobs(request: object): void {
  if ('logprobs' in request && request.logprobs != null)
    throw new TwohopError(
      'invalid_request',
      'Expected no log probabilities, since the plan looks through answers, found some.',
      { param: 'logprobs' },
    )
}
