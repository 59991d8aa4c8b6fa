import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { type AnswerForm, withFieldsOf } from '../write/form.ts'
import { type AnswerGuard, createAnswerGuard } from './answer.ts'
import { contentBlocked, type Finding, findingsOf, isIdle, type Policy } from './policy.ts'
import type { Writing } from './seen.ts'
import { textsOf } from './texts.ts'
import { cutWhole } from './watch.ts'

/** What is looked at of a request's work. */
export type Guardable = {
  request: object
  form?: AnswerForm | undefined
  guard?: AnswerGuard | undefined
}

/**
 * Looks through all texts of a request, and prepares the work for what is looked for in its answer.
 * @param tell is told each rule that finds something, once in each direction
 * @throws TwohopError content_blocked with the field of the text; invalid_request for log probabilities of an answer that may
 * be blocked, since they spell it
 */
export function guarded<Work extends Guardable>(
  work: Work,
  policy: Policy | undefined,
  tell: (finding: Finding) => void,
): Work {
  if (!policy) return work
  const { request, form } = work
  const check = () => checkRequest(request, policy, tell)
  if (form) withFieldsOf(form.fieldOf, check)
  else check()
  if (isIdle(policy.out)) return work
  const answers = 'n' in request && typeof request.n === 'number' ? request.n : 1
  return { ...work, guard: createAnswerGuard(policy.out, { answers, writing: writingOf(request) }, tell) }
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

/** Where calls of a history have their arguments, which are JSON. */
const ARGUMENTS = /\.tool_calls\[\d+\]\.function\.arguments$/

function checkRequest(request: object, policy: Policy, tell: (finding: Finding) => void): void {
  if (!isIdle(policy.in)) {
    const found = findingsOf(policy.in, 'in', tell)
    for (const { path, text } of textsOf(request)) {
      const { rule } = cutWhole(policy.in, text, ARGUMENTS.test(path) ? 'json' : 'plain', found)
      if (rule !== undefined) throw contentBlocked('text', rule, path)
    }
  }
  if (policy.out.blocks.length > 0 && 'logprobs' in request && request.logprobs != null)
    throw new TwohopError(
      'invalid_request',
      'Expected no log probabilities, since the plan looks through answers, found some.',
      { param: 'logprobs' },
    )
}
