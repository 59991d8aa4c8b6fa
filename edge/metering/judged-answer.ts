import { createParser } from 'eventsource-parser'
import type * as z from 'zod'
import { codeOf } from '../../shared/errors.ts'
import type { Answer } from '../../shared/fetch.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { createPieces, type Pieces, saidBy } from '../guard/answer-pieces.ts'
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
/** Says whether pieces of an answer may leave. */
type MayLeave = (pieces: readonly string[]) => Promise<boolean>

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

    async function maySome(pieces: readonly string[]): Promise<boolean> {
      left -= pieces.length
      let score = 1
      try {
        if (left < 0) throw new Error('the answer has more pieces than are reserved')
        const call = `judge${++calls}`
        score = await askJudge(held, judging(model, pieces), { call, label: guard.label, signal })
      } catch {
        signal.throwIfAborted()
        if (guard.on_failure === 'pass') return true
        tell({ way: 'out', rule: 'judge_away', blocked: true })
        return false
      }
      if (score < guard.threshold) return true
      const blocked = guard.out === 'block'
      tell({ way: 'out', rule: RULE, blocked })
      flagged = !blocked
      return !blocked
    }

    return async function mayLeave(pieces) {
      for (let at = 0; at < pieces.length && !flagged; at += MOST_AT_ONCE)
        if (!(await maySome(pieces.slice(at, at + MOST_AT_ONCE)))) return false
      return true
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
    return as(streamJudged(answer.body, newPieces, mayLeave, over))
  }
}

/**
 * A whole answer. A choice that must not be is empty.
 * @throws TwohopError content_blocked for one that must not be and has no choices
 */
async function wholeJudged(text: string, newPieces: () => Pieces, mayLeave: MayLeave): Promise<string> {
  const answer = parseJson(text)
  const { data } = Said.safeParse(answer)
  const choices: object[] = []
  for (const choice of data?.choices ?? []) {
    const pieces = newPieces()
    const may = await mayLeave([...pieces.add(saidBy(choice)), ...pieces.rest()])
    choices.push(may ? choice : emptied(choice))
  }
  if (data) return JSON.stringify({ ...data, choices })
  const pieces = newPieces()
  const all: string[] = []
  mapTexts(answer, (one) => {
    all.push(...pieces.add(`${one}\n`))
    return one
  })
  if (await mayLeave([...all, ...pieces.rest()])) return text
  throw contentBlocked('answer', RULE)
}

/** A choice of which nothing may leave. */
const emptied = (choice: Choice): object => ({
  index: choice.index,
  ...(choice.text !== undefined && { text: '' }),
  ...(choice.message && { message: { role: 'assistant', content: '' } }),
  ...(choice.delta && { delta: {} }),
  logprobs: null,
  ...ending(NOTHING, choice, RULE),
})
const NOTHING = { blocks: [], flags: [] }

/** An event, how much each of its choices has said with it, and those that end with it. */
type Waiting = { data: string; said: ReadonlyMap<number, number>; ends: readonly number[] }

/** A stream whose events come when what they say is judged. @param over is told that no more comes, since it must not */
function streamJudged(
  body: ReadableStream<Uint8Array>,
  newPieces: () => Pieces,
  mayLeave: MayLeave,
  over: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const texts = new Map<number, Pieces>()
  const open = new Map<number, Choice>()
  const waiting: Waiting[] = []
  let pieces: string[] = []
  let last: z.infer<typeof Said> = { choices: [] }
  const parser = createParser({
    maxBufferSize: MAX_EVENT,
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') throw new Error('the event is too long')
    },
    onEvent: ({ data }) => take(data),
  })

  function take(data: string): void {
    const answer = Said.safeParse(parseJson(data)).data
    const said = new Map<number, number>()
    const ends: number[] = []
    // Fields that nobody judges are left out.
    waiting.push({ data: answer ? JSON.stringify(answer) : data, said, ends })
    if (data === DONE) for (const one of texts.values()) pieces.push(...one.rest())
    last = answer ?? last
    for (const choice of answer?.choices ?? []) {
      const { index } = choice
      const text = texts.get(index) ?? newPieces()
      texts.set(index, text)
      open.set(index, choice)
      pieces.push(...text.add(saidBy(choice)))
      if (choice.finish_reason != null) {
        ends.push(index)
        pieces.push(...text.rest())
      }
      said.set(index, text.length)
    }
  }

  /** Events at the front whose texts are judged. */
  function released(): string {
    const isJudged = ({ said }: Waiting) =>
      [...said].every(([i, length]) => length <= (texts.get(i)?.given ?? 0))
    const kept = waiting.findIndex((one) => !isJudged(one))
    const free = waiting.splice(0, kept < 0 ? waiting.length : kept)
    for (const index of free.flatMap(({ ends }) => ends)) open.delete(index)
    return free.map(({ data }) => event(data)).join('')
  }

  /** Events at the front with which nothing is said yet, such as the one that opens a stream. */
  function opening(): string {
    const first = waiting.findIndex(({ said }) => [...said.values()].some((length) => length > 0))
    return waiting
      .slice(0, Math.max(0, first))
      .map(({ data }) => event(data))
      .join('')
  }

  /** What ends a stream of which no more may leave. */
  function ended(): string {
    const { usage: _, timing: __, ...head } = last
    return (
      opening() + event(JSON.stringify({ ...head, choices: [...open.values()].map(emptied) })) + event(DONE)
    )
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return controller.close()
          parser.feed(decoder.decode(value, { stream: true }))
          const asked = pieces
          pieces = []
          if (!(await mayLeave(asked))) {
            over()
            void reader.cancel().catch(() => {})
            controller.enqueue(encoder.encode(ended()))
            return controller.close()
          }
          const text = released()
          if (text !== '') return controller.enqueue(encoder.encode(text))
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
