import { TwohopError } from '../../shared/errors.ts'
import { type AnswerForm, withFieldsOf } from '../write/form.ts'
import { type AnswerGuard, createAnswerGuard } from './answer.ts'
import { cutAt, type Finding, findingsOf, type Policy } from './policy.ts'
import { scanWhole } from './scan.ts'
import { textsOf } from './texts.ts'

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
  if (policy.out.detectors.length === 0) return work
  const answers = 'n' in request && typeof request.n === 'number' ? request.n : 1
  return { ...work, guard: createAnswerGuard(policy.out, answers, tell) }
}

function checkRequest(request: object, policy: Policy, tell: (finding: Finding) => void): void {
  if (policy.in.detectors.length > 0) {
    const found = findingsOf(policy.in, 'in', tell)
    for (const { path, text } of textsOf(request)) {
      const { rule } = cutAt(scanWhole(policy.in.detectors, text), found)
      if (rule !== undefined)
        throw new TwohopError(
          'content_blocked',
          `The text has something that is not let through here: ${rule}.`,
          {
            param: path,
          },
        )
    }
  }
  if (policy.out.blocking.size > 0 && 'logprobs' in request && request.logprobs != null)
    throw new TwohopError(
      'invalid_request',
      'Expected no log probabilities, since the plan looks through answers, found some.',
      { param: 'logprobs' },
    )
}
