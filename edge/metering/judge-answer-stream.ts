import { createParser } from 'eventsource-parser'
import type * as z from 'zod'
import { parseJson } from '../../shared/parse-json.ts'
import { type Piece, type Pieces, saidBy, saidUpTo } from '../guard/answer-pieces.ts'
import { type Choice, ending, Answer as Said } from '../guard/choices.ts'
import { brokeOff } from './broke-off.ts'
import type { Counter } from './counter.ts'
import { DONE, event, MAX_EVENT } from './events.ts'

export const RULE = 'judge'
/** Says how many pieces of a text may leave: all, or those before the first that must not. */
export type MayLeave = (pieces: readonly Piece[]) => Promise<number>

/** What says that a classifier ended a choice. */
export const endedByJudge = (choice: Choice): object => ending({ blocks: [], flags: [] }, choice, RULE)

/** A choice of a stream: its pieces, those that nobody has judged, how far it is judged and may leave at most, and whether it is a completion's. */
type Judged = { text: Pieces; asked: Piece[]; judged: number; most: number; completes: boolean }
/** A choice of an event, and the characters of the choice that are there before it and with it. */
type Part = { choice: Choice; from: number; to: number }
/** An event that waits: what it says beside its choices, those, and whether it only says that no more comes. */
type Waiting = { data: string; answer: z.infer<typeof Said> | undefined; parts: Part[]; closes: boolean }

type StreamOptions = {
  newPieces: () => Pieces
  mayLeave: MayLeave
  /** Counts what the host says that it produced, before any of it leaves. */
  counter: Counter
  /** Is told that no more comes, since it must not. Whoever reads the stream then ends it: it has no counts and no `[DONE]`. */
  over: () => void
  /** How many choices there will be. */
  answers: number
}

/**
 * A stream whose events come when what they say is judged. A choice ends before what must not be, and others go on. What nobody
 * can judge breaks it off.
 */
export function judgeAnswerStream(
  body: ReadableStream<Uint8Array>,
  { newPieces, mayLeave, counter, over, answers }: StreamOptions,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const texts = new Map<number, Judged>()
  /** Choices that have ended: the model's way or the classifier's. */
  const ended = new Set<number>()
  let blocked = false
  let broken = false
  const waiting: Waiting[] = []
  let last: z.infer<typeof Said> = { choices: [] }
  const parser = createParser({
    maxBufferSize: MAX_EVENT,
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') throw brokeOff()
    },
    onEvent: ({ data }) => (data === DONE ? takeEnd() : take(data)),
  })

  function textOf(index: number): Judged {
    const one = texts.get(index) ?? {
      text: newPieces(),
      asked: [],
      judged: 0,
      most: Infinity,
      completes: false,
    }
    texts.set(index, one)
    return one
  }

  function takeEnd(): void {
    for (const { text, asked, most } of texts.values()) if (most === Infinity) asked.push(...text.rest())
    waiting.push({ data: DONE, answer: undefined, parts: [], closes: true })
  }

  /** @throws Error for an event of another form than a host's */
  function take(data: string): void {
    const answer = Said.parse(parseJson(data))
    counter.take(answer.usage)
    const parts: Part[] = []
    last = answer
    for (const choice of answer.choices) {
      const one = textOf(choice.index)
      // What ended it has been told.
      if (one.most !== Infinity) continue
      const { text, asked } = one
      one.completes = choice.text !== undefined
      const from = text.length
      asked.push(...text.add(saidBy(choice)))
      if (choice.finish_reason != null) asked.push(...text.rest())
      parts.push({ choice, from, to: text.length })
    }
    const closes = answer.choices.length === 0
    // Fields that nobody judges are left out.
    if (parts.length > 0 || closes) waiting.push({ data, answer, parts, closes })
  }

  /** Reads more. What came before a fault in the same piece goes on first. */
  function feed(text: string): void {
    try {
      parser.feed(text)
    } catch {
      broken = true
    }
  }

  /** Has all judged that has come; what must not be ends its choice. */
  async function judgeAll(): Promise<void> {
    for (const [index, one] of texts) {
      const pieces = one.asked
      one.asked = []
      const good = await mayLeave(pieces)
      one.judged = pieces[good - 1]?.end ?? one.judged
      if (good === pieces.length) continue
      one.most = one.judged
      blocked = true
      ended.add(index)
      const { usage: _, timing: __, ...head } = last
      const said = one.completes ? { text: '' } : { delta: {} }
      const end = { index, ...said, logprobs: null, finish_reason: null, ...endedByJudge(NO_STOP) }
      // Right behind what the choice has said: the counts may have come already.
      const at = waiting.findLastIndex(({ parts }) => parts.some((part) => part.choice.index === index))
      const data = JSON.stringify({ ...head, choices: [end] })
      waiting.splice(at + 1, 0, { data, answer: undefined, parts: [], closes: false })
    }
  }

  const isOver = () => blocked && ended.size >= answers

  /** A choice of an event as far as it may leave; undefined where nothing of it may. */
  function left({ choice, from, to }: Part): Choice | undefined {
    const { most } = textOf(choice.index)
    if (to <= most && (most === Infinity || choice.finish_reason == null)) {
      if (choice.finish_reason != null) ended.add(choice.index)
      return choice
    }
    return from < most ? { ...saidUpTo(choice, most - from), finish_reason: null } : undefined
  }

  /** An event as far as it may leave. */
  function leaving({ data, answer, parts }: Waiting): string {
    if (!answer) return event(data)
    const choices = parts.flatMap((part) => left(part) ?? [])
    return parts.length > 0 && choices.length === 0 ? '' : event(JSON.stringify({ ...answer, choices }))
  }

  /** Events at the front whose texts are judged. */
  function released(): string {
    const isJudged = ({ choice: { index }, to }: Part) => {
      const { judged, most } = textOf(index)
      return to <= judged || most !== Infinity
    }
    const kept = waiting.findIndex(({ parts }) => !parts.every(isJudged))
    const free = waiting.splice(0, kept < 0 ? waiting.length : kept)
    const events = free.map(leaving)
    const end = isOver() ? free.findLastIndex(({ closes }) => !closes) + 1 : events.length
    return events.slice(0, end).join('')
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          if (broken) {
            void reader.cancel().catch(() => {})
            throw brokeOff()
          }
          const { done, value } = await reader.read()
          if (done) return controller.close()
          feed(decoder.decode(value, { stream: true }))
          await judgeAll()
          const text = released()
          if (isOver()) {
            over()
            void reader.cancel().catch(() => {})
            controller.enqueue(encoder.encode(text))
            return controller.close()
          }
          if (text !== '') return controller.enqueue(encoder.encode(text))
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** A choice that came to no stop string. */
const NO_STOP: Choice = { index: 0, finish_reason: null }
