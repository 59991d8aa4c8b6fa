import { parseJson } from '../../shared/parse-json.ts'
import { Answer, type Call, type Choice, ending } from './choices.ts'
import { contentBlocked, type Direction, type Finding, findingsOf, mayChange } from './policy.ts'
import type { Writing } from './seen.ts'
import { createStreamGuard, type StreamGuard } from './stream.ts'
import { mapTexts } from './texts.ts'
import { cutWhole } from './watch.ts'

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

/** What is known of an answer before it comes. */
export type Expected = {
  /** How many answers were asked for. */
  answers: number
  /** How their texts are written; undefined where that is not known, and a text that is JSON counts as JSON. */
  writing: Writing | undefined
}

/**
 * A guard for one request's answer.
 * @param tell is told each rule that finds something, once
 */
export function createAnswerGuard(
  direction: Direction,
  { answers, writing }: Expected,
  tell: (finding: Finding) => void,
): AnswerGuard {
  const found = findingsOf(direction, 'out', tell)
  const cut = (text: string, how: Writing) => cutWhole(direction, text, how, found)

  /** A choice up to what is blocked in it: its text first, then its calls in their order. */
  function cutChoice(choice: Choice): object {
    const { message, text } = choice
    const own = text ?? message?.content ?? ''
    const content = cut(own, writing ?? writingOf(own))
    let { rule } = content
    const calls: Call[] = []
    for (const call of message?.tool_calls ?? []) {
      rule ??= cut(call.function?.name ?? '', 'plain').rule
      if (rule !== undefined) break
      const given = cut(call.function?.arguments ?? '', 'json')
      rule = given.rule
      calls.push({ ...call, function: { name: undefined, ...call.function, arguments: given.text } })
    }
    return {
      ...choice,
      ...(text !== undefined && { text: content.text }),
      ...(message && {
        message: {
          ...message,
          content: rule === undefined && message.content == null ? message.content : content.text,
          tool_calls: calls.length > 0 ? calls : undefined,
        },
      }),
      ...ending(direction, choice, rule),
    }
  }

  return {
    stream: () => createStreamGuard(direction, { answers, writing: writing ?? 'plain' }, found),
    whole(answer) {
      const { data } = Answer.safeParse(answer)
      if (data) {
        const choices = data.choices.map(cutChoice)
        // What is only told of is not changed.
        return mayChange(direction) ? { ...data, choices } : answer
      }
      return mapTexts(answer, (said) => {
        const { text, rule } = cut(said, 'plain')
        if (rule !== undefined) throw contentBlocked('answer', rule)
        return text
      })
    },
  }
}

const writingOf = (text: string): Writing => (parseJson(text) === undefined ? 'plain' : 'json')
