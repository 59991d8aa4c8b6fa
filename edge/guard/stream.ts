import { Answer, type Call, type Choice, ending } from './choices.ts'
import { type Direction, mayChange } from './policy.ts'
import type { Writing } from './seen.ts'
import { createWatch, cutWhole, type Found, type Watch } from './watch.ts'

export type StreamGuard = {
  /**
   * A chunk as the client may have it; undefined where nothing of it can be told yet. What a guard holds back comes with a later
   * chunk.
   * @throws ZodError for a chunk that is none
   */
  chunk(chunk: unknown): object | undefined
  /** Whether all that is left of the answer is blocked, so that the model need not go on. */
  readonly over: boolean
}

/**
 * A guard for the chunks of one stream. A choice is one text after the other, its own and the arguments of each call; where the
 * next one begins, the one before is given as if it had ended.
 * @param expected how many choices there will be, and how their texts are written
 * @param found says whether what a rule found is blocked
 */
export function createStreamGuard(
  direction: Direction,
  { answers, writing }: { answers: number; writing: Writing },
  found: Found,
): StreamGuard {
  const open = new Map<number, OneChoice>()
  /** Choices that are not written on, as the model ended them or the guard did. */
  const ended = new Set<number>()
  let blocked = false

  function pass(choice: Choice): object | undefined {
    const { index } = choice
    if (ended.has(index)) return undefined
    const one = open.get(index) ?? createChoice(direction, writing, found)
    open.set(index, one)
    const passed = one.pass(choice)
    if (one.rule !== undefined) blocked = true
    if (one.rule !== undefined || choice.finish_reason != null) {
      ended.add(index)
      open.delete(index)
    }
    return passed
  }

  return {
    chunk(chunk) {
      const answer = Answer.parse(chunk)
      const choices = answer.choices.flatMap((choice) => pass(choice) ?? [])
      // What is only told of is not held back.
      if (!mayChange(direction) && typeof chunk === 'object' && chunk !== null) return chunk
      return choices.length > 0 || answer.choices.length === 0 ? { ...answer, choices } : undefined
    },
    get over() {
      return blocked && ended.size >= answers
    },
  }
}

/** A text of a choice: its own, or the arguments of the call of that index. */
type Place = 'content' | number

type OneChoice = {
  pass(choice: Choice): object | undefined
  /** What ended it, where a guard did. */
  readonly rule: string | undefined
}

/** One choice of a stream. */
function createChoice(direction: Direction, writing: Writing, found: Found): OneChoice {
  const watches = new Map<Place, Watch>()
  /** The text that is under way. */
  let place: Place = 'content'
  let begun = false
  let rule: string | undefined

  function watchAt(where: Place): Watch {
    const watch = watches.get(where) ?? createWatch(direction, where === 'content' ? writing : 'json', found)
    watches.set(where, watch)
    return watch
  }

  /** What may be told of the text under way. Behind what is blocked nothing may. */
  function told(act: (watch: Watch) => { text: string; rule: string | undefined }): string {
    if (rule !== undefined) return ''
    const cut = act(watchAt(place))
    rule = cut.rule
    return cut.text
  }

  /** Reads a chunk's texts in their order. What was held back of the text before comes first. */
  function read({ text, delta, finish_reason: finish }: Choice): { content: string; calls: Call[] } {
    let content = ''
    const calls: Call[] = []
    function give(rest: string): void {
      if (place === 'content') content += rest
      else if (rest !== '') calls.push({ index: place, function: { arguments: rest } })
    }
    function turnTo(next: Place): void {
      if (next !== place) give(told((watch) => watch.pause()))
      place = next
    }
    const own = text ?? delta?.content ?? ''
    if (own !== '') turnTo('content')
    if (own !== '') content += told((watch) => watch.read(own))
    for (const part of delta?.tool_calls ?? []) {
      turnTo(placeOf(part, place))
      const { name } = part.function ?? {}
      if (rule === undefined && name != null) rule = cutWhole(direction, name, 'plain', found).rule
      if (rule !== undefined) break
      const given = told((watch) => watch.read(part.function?.arguments ?? ''))
      const begins = part.id != null || name != null
      if (given !== '' || begins) calls.push({ ...part, function: { ...part.function, arguments: given } })
    }
    if (finish != null) give(told((watch) => watch.end()))
    return { content, calls }
  }

  return {
    pass(choice) {
      const { content, calls } = read(choice)
      const { text, delta, finish_reason: finish } = choice
      const says = !begun || content !== '' || calls.length > 0 || finish != null || rule !== undefined
      // The first chunk says what was asked, whatever it answers.
      begun = true
      if (!says) return undefined
      const { content: _, tool_calls: __, ...rest } = delta ?? {}
      return {
        ...choice,
        ...(text !== undefined && { text: content }),
        ...(delta && {
          delta: {
            ...rest,
            ...((content !== '' || typeof delta.content === 'string') && { content }),
            ...(calls.length > 0 && { tool_calls: calls }),
          },
        }),
        ...ending(direction, choice, rule),
      }
    },
    get rule() {
      return rule
    },
  }
}

/** The call to which a part belongs: a part with an id begins one, and what has neither index nor id goes on with the last. */
function placeOf({ index, id }: Call, before: Place): number {
  if (index !== undefined) return index
  if (before === 'content') return 0
  return id == null ? before : before + 1
}
