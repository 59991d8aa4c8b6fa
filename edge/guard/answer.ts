import { TwohopError } from '../../shared/errors.ts'
import { Answer, type Call, type Choice } from './choices.ts'
import { cutAt, type Direction, type Finding, findingsOf } from './policy.ts'
import { scanWhole } from './scan.ts'
import { createStreamGuard, type StreamGuard } from './stream.ts'
import { textsOf } from './texts.ts'

/** Looks through what a model answers, before any of it is passed on. */
export type AnswerGuard = {
  /** Looks through the chunks of one stream. */
  stream(): StreamGuard
  /**
   * A whole answer, as the client may have it.
   * @throws TwohopError content_blocked for one without choices that has something to block
   */
  whole(answer: unknown): unknown
}

/**
 * A guard for one request's answer.
 * @param answers how many answers were asked for
 * @param tell is told each rule that finds something, once
 */
export function createAnswerGuard(
  direction: Direction,
  answers: number,
  tell: (finding: Finding) => void,
): AnswerGuard {
  const found = findingsOf(direction, 'out', tell)
  const cut = (text: string) => cutAt(scanWhole(direction.detectors, text), found)

  /** A choice up to what is blocked in it: its text first, then its calls in their order. */
  function cutChoice(choice: Choice): object {
    const { message, text } = choice
    const content = cut(text ?? message?.content ?? '')
    let { rule } = content
    const calls: Call[] = []
    for (const call of message?.tool_calls ?? []) {
      if (rule !== undefined) break
      const given = cut(call.function?.arguments ?? '')
      rule = given.rule
      calls.push({ ...call, function: { ...call.function, arguments: given.text } })
    }
    if (rule === undefined) return choice
    return {
      ...choice,
      ...(text !== undefined && { text: content.text }),
      ...(message && {
        message: {
          ...message,
          content: content.text,
          ...(calls.length > 0 ? { tool_calls: calls } : { tool_calls: undefined }),
        },
      }),
      finish_reason: 'content_filter',
      content_filter: { rule },
    }
  }

  return {
    stream: () => createStreamGuard(direction, answers, found),
    whole(answer) {
      const { data } = Answer.safeParse(answer)
      if (data) return { ...data, choices: data.choices.map(cutChoice) }
      for (const { text } of textsOf(answer)) {
        const { rule } = cut(text)
        if (rule !== undefined)
          throw new TwohopError(
            'content_blocked',
            `The answer has something that is not let through here: ${rule}.`,
          )
      }
      return answer
    },
  }
}
