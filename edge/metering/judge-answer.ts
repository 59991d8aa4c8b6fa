import { codeOf, TwohopError } from '../../shared/errors.ts'
import type { Answer } from '../../shared/fetch.ts'
import { answersOf } from '../../shared/openai/answers-of.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { createPieces, type Piece, type Pieces, saidBy, saidUpTo } from '../guard/answer-pieces.ts'
import { Answer as Said } from '../guard/choices.ts'
import { contentBlocked, toldOnce } from '../guard/policy.ts'
import { mapTexts } from '../guard/texts.ts'
import { judging } from '../parse/judged.ts'
import type { AnswerJudged } from '../parse/work.ts'
import { readAnswer } from '../upstream/bounded.ts'
import { createAskJudge, type JudgeOptions } from './ask-judge.ts'
import { createCounter } from './counter.ts'
import type { Held } from './held.ts'
import { endedByJudge, judgeAnswerStream, type MayLeave, RULE } from './judge-answer-stream.ts'
import { usageOf } from './meter.ts'

/** The longest whole answer, in bytes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Pieces of one call. A classifier has JUDGE_MS for each, and an answer that is whole may have thousands. */
const MOST_AT_ONCE = 64

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

  return async function judgeAnswer(held: Held, answer: Answer, signal: AbortSignal): Promise<Answer> {
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
      const passed = await judgeWholeAnswer(text, newPieces, mayLeave).catch((error: unknown) => {
        // It was computed, whatever a host can say of it later.
        if (codeOf(error) === 'content_blocked') held.settle('ok', usageOf(held, answer.headers, text))
        throw error
      })
      return as(passed)
    }
    if (!answer.body) return answer
    const counter = createCounter(held.work.worst.promptTokens)
    held.seenByJudge = () => counter.seen
    const over = () => {
      held.judgedOut = true
    }
    const answers = answersOf(held.work.request)
    return as(judgeAnswerStream(answer.body, { newPieces, mayLeave, counter, over, answers }))
  }
}

/**
 * A whole answer. A choice ends before what must not be.
 * @throws TwohopError content_blocked for one that must not be and has no choices; host_failed for one that is no JSON, which
 * nobody can judge
 */
async function judgeWholeAnswer(body: string, newPieces: () => Pieces, mayLeave: MayLeave): Promise<string> {
  const answer = parseJson(body)
  if (answer === undefined) throw new TwohopError('host_failed', 'The model answered with something else.')
  const { data } = Said.safeParse(answer)
  const choices: object[] = []
  for (const choice of data?.choices ?? []) {
    const text = newPieces()
    const pieces = [...text.add(saidBy(choice)), ...text.rest()]
    const good = await mayLeave(pieces)
    choices.push(
      good === pieces.length
        ? choice
        : { ...saidUpTo(choice, pieces[good - 1]?.end ?? 0), ...endedByJudge(choice) },
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
  if ((await mayLeave(all)) === all.length) return body
  throw contentBlocked('answer', RULE)
}
