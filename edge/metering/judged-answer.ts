import { createParser } from 'eventsource-parser'
import type * as z from 'zod'
import { codeOf } from '../../shared/errors.ts'
import type { Answer } from '../../shared/fetch.ts'
import { answersOf } from '../../shared/openai/answers-of.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { createPieces, type Piece, type Pieces, saidBy, saidUpTo } from '../guard/answer-pieces.ts'
import { type Choice, ending, Answer as Said } from '../guard/choices.ts'
import { contentBlocked, toldOnce } from '../guard/policy.ts'
import { mapTexts } from '../guard/texts.ts'
import { judging } from '../parse/judged.ts'
import type { AnswerJudged } from '../parse/work.ts'
import { readAnswer } from '../upstream/bounded.ts'
import { createAskJudge, type JudgeOptions } from './ask-judge.ts'
import { DONE, event, MAX_EVENT } from './events.ts'
import type { Held } from './hold.ts'
import { usageOf } from './meter.ts'

/** The longest whole answer, in bytes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Pieces of one call. A classifier has JUDGE_MS for each, and an answer that is whole may have thousands. */
const MOST_AT_ONCE = 64

const RULE = 'judge'
/** Says how many pieces of a text may leave: all, or those before the first that must not. */
type MayLeave = (pieces: readonly Piece[]) => Promise<number>

/**
 * Has a classifier judge an answer of the host, if the plan wants that: before any of it goes on, piece by piece. What that
 * costs is charged within the reservation. An answer that must not be ends before the piece that says so.
 */
export function createJudgeAnswer(options: JudgeOptions) {
  const askJudge = createAskJudge(options)

  /** Asks for one piece after the other of a request, no more than are reserved. */
  function mayLeaveOf(held: Held, judged: AnswerJudged, signal: AbortSignal): MayLeave {
    const { model, guard } = judged
    const tell = toldOnce(judged.tell)
    let left = judged.pieces
    let calls = 0
    /** Whether it is told of, and passes: no more can come of judging. */
    let flagged = false

    /** What becomes of pieces that nobody can judge. */
    function unjudged(pieces: readonly Piece[]): number {
      if (guard.on_failure === 'pass') return pieces.length
      tell({ way: 'out', rule: 'judge_away', blocked: true })
      return 0
    }

    async function maySome(pieces: readonly Piece[]): Promise<number> {
      left -= pieces.length
      let scores: number[]
      try {
        const asking = { call: `judge${++calls}`, label: guard.label, signal }
        const texts = pieces.map(({ text }) => text)
        scores = await askJudge(held, judging(model, texts), asking)
      } catch {
        signal.throwIfAborted()
        return unjudged(pieces)
      }
      const bad = scores.findIndex((score) => score >= guard.threshold)
      if (bad < 0) return pieces.length
      const blocked = guard.out === 'block'
      tell({ way: 'out', rule: RULE, blocked })
      flagged = !blocked
      return blocked ? bad : pieces.length
    }

    return async function mayLeave(pieces) {
      let good = 0
      while (good < pieces.length && !flagged) {
        // No more than are reserved.
        const some = pieces.slice(good, good + Math.min(MOST_AT_ONCE, left))
        if (some.length === 0) return good + unjudged(pieces.slice(good))
        const more = await maySome(some)
        good += more
        if (more < some.length) return good
      }
      return pieces.length
    }
  }

  return async function judgedAnswer(held: Held, answer: Answer, signal: AbortSignal): Promise<Answer> {
    const { answerJudged: judged, stream } = held.work
    if (!judged) return answer
    const mayLeave = mayLeaveOf(held, judged, signal)
    const newPieces = () => createPieces({ every: judged.guard.every, half: judged.half })
    const as = (body: ReadableStream<Uint8Array> | string): Answer => {
      const told = new Response(body)
      const text = () => told.text()
      const arrayBuffer = () => told.arrayBuffer()
      return { ok: true, status: 200, body: told.body, text, arrayBuffer, headers: answer.headers }
    }
    if (!stream) {
      const text = await readAnswer(answer, MAX_ANSWER_BYTES, signal)
      const passed = await wholeJudged(text, newPieces, mayLeave).catch((error: unknown) => {
        // It was computed, whatever a host can say of it later.
        if (codeOf(error) === 'content_blocked') held.settle('ok', usageOf(held, answer.headers, text))
        throw error
      })
      return as(passed)
    }
    if (!answer.body) return answer
    const over = () => {
      held.judgedOut = true
    }
    return as(streamJudged(answer.body, { newPieces, mayLeave, over, answers: answersOf(held.work.request) }))
  }
}

/**
 * A whole answer. A choice ends before what must not be.
 * @throws TwohopError content_blocked for one that must not be and has no choices
 */
async function wholeJudged(text: string, newPieces: () => Pieces, mayLeave: MayLeave): Promise<string> {
  const answer = parseJson(text)
  const { data } = Said.safeParse(answer)
  const choices: object[] = []
  for (const choice of data?.choices ?? []) {
    const text = newPieces()
    const pieces = [...text.add(saidBy(choice)), ...text.rest()]
    const good = await mayLeave(pieces)
    choices.push(
      good === pieces.length
        ? choice
        : { ...saidUpTo(choice, pieces[good - 1]?.end ?? 0), ...ending(NOTHING, choice, RULE) },
    )
  }
  if (data) return JSON.stringify({ ...data, choices })
  const pieces = newPieces()
  const all: Piece[] = []
  mapTexts(answer, (one) => {
    all.push(...pieces.add(`${one}\n`))
    return one
  })
  all.push(...pieces.rest())
  if ((await mayLeave(all)) === all.length) return text
  throw contentBlocked('answer', RULE)
}

const NOTHING = { blocks: [], flags: [] }

/** A choice of a stream: its pieces, those that nobody has judged, how far it is judged and may leave at most, and whether it is a completion's. */
type Judged = { text: Pieces; asked: Piece[]; judged: number; most: number; completes: boolean }
/** A choice of an event, and the characters of the choice that are there before it and with it. */
type Part = { choice: Choice; from: number; to: number }
/** An event that waits: what it says beside its choices, and those. */
type Waiting = { data: string; answer: z.infer<typeof Said> | undefined; parts: Part[] }

type StreamOptions = {
  newPieces: () => Pieces
  mayLeave: MayLeave
  /** Is told that no more comes, since it must not. */
  over: () => void
  /** How many choices there will be. */
  answers: number
}

/** A stream whose events come when what they say is judged. A choice ends before what must not be, and others go on. */
function streamJudged(
  body: ReadableStream<Uint8Array>,
  { newPieces, mayLeave, over, answers }: StreamOptions,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const texts = new Map<number, Judged>()
  /** Choices that have ended: the model's way or the classifier's. */
  const ended = new Set<number>()
  let blocked = false
  const waiting: Waiting[] = []
  let last: z.infer<typeof Said> = { choices: [] }
  const parser = createParser({
    maxBufferSize: MAX_EVENT,
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') throw new Error('the event is too long')
    },
    onEvent: ({ data }) => take(data),
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

  function take(data: string): void {
    const answer = Said.safeParse(parseJson(data)).data
    const parts: Part[] = []
    if (data === DONE)
      for (const { text, asked, most } of texts.values()) if (most === Infinity) asked.push(...text.rest())
    last = answer ?? last
    for (const choice of answer?.choices ?? []) {
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
    // Fields that nobody judges are left out.
    if (parts.length > 0 || !answer?.choices.length) waiting.push({ data, answer, parts })
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
      const end = { index, ...said, logprobs: null, finish_reason: null, ...ending(NOTHING, NO_STOP, RULE) }
      // Right behind what the choice has said: the counts may have come already.
      const at = waiting.findLastIndex(({ parts }) => parts.some((part) => part.choice.index === index))
      const data = JSON.stringify({ ...head, choices: [end] })
      waiting.splice(at + 1, 0, { data, answer: undefined, parts: [] })
    }
  }

  /** A choice of an event as far as it may leave; undefined where nothing of it may. */
  function left({ choice, from, to }: Part): Choice | undefined {
    const { most } = textOf(choice.index)
    if (to <= most && (most === Infinity || choice.finish_reason == null)) {
      if (choice.finish_reason != null) ended.add(choice.index)
      return choice
    }
    return from < most ? { ...saidUpTo(choice, most - from), finish_reason: null } : undefined
  }

  /** Events at the front whose texts are judged. */
  function released(): string {
    const isJudged = ({ choice: { index }, to }: Part) => {
      const { judged, most } = textOf(index)
      return to <= judged || most !== Infinity
    }
    const kept = waiting.findIndex(({ parts }) => !parts.every(isJudged))
    const free = waiting.splice(0, kept < 0 ? waiting.length : kept)
    return free
      .flatMap(({ data, answer, parts }) => {
        if (!answer) return event(data)
        const choices = parts.flatMap((part) => left(part) ?? [])
        return parts.length > 0 && choices.length === 0 ? [] : event(JSON.stringify({ ...answer, choices }))
      })
      .join('')
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return controller.close()
          parser.feed(decoder.decode(value, { stream: true }))
          await judgeAll()
          const text = released()
          if (blocked && ended.size >= answers) {
            over()
            void reader.cancel().catch(() => {})
            const isEnded = text.endsWith(DONE_EVENT)
            controller.enqueue(encoder.encode(isEnded ? text : text + DONE_EVENT))
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

const DONE_EVENT = event(DONE)
/** A choice that came to no stop string. */
const NO_STOP: Choice = { index: 0, finish_reason: null }
