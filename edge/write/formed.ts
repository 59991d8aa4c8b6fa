import type { AnswerForm } from './form.ts'
import { HostAnswer } from './host-answer.ts'

/** A host's whole answer, written for a client of another API; undefined where it is none. */
export function formed(
  said: unknown,
  form: AnswerForm,
  of: Parameters<AnswerForm['whole']>[1],
): string | undefined {
  const { data } = HostAnswer.safeParse(said)
  return data && form.whole(data, of)
}
