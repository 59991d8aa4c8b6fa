import type * as z from 'zod'
import { errorEnvelope } from '../../shared/errors.ts'
import type { FinishReason } from '../../shared/openai/chat.ts'
import type { hostGeneration } from '../../shared/openai/sampling.ts'
import { secondOf } from '../../shared/seconds.ts'
import type { GenerationUsage } from '../../shared/usage.ts'
import { generationUsage } from '../../shared/usage.ts'
import type { Run, RunEvent } from '../scheduler/run.ts'
import { type Choice, createChoice, joined, type Piece, type Reading, type Whole } from './choice.ts'
import { logUnforeseen } from './internal.ts'
import { type Admitted, answerOf, failedAnswer, timingOf, usageOf } from './report.ts'

/** How one of OpenAI's routes writes an answer: as a whole, and piece by piece. */
export type Shape = {
  /** What the answer's id begins with. */
  prefix: string
  whole: { object: string; choice(all: Whole): object }
  chunk: {
    object: string
    /** What a stream begins with for each answer. */
    opening: ((index: number) => object) | undefined
    choice(piece: Piece): object
  }
}

type Request = {
  model: string
  stream: boolean
  stream_options?: z.infer<z.ZodObject<typeof hostGeneration>>['stream_options']
  n?: number | undefined
}

type Options = Admitted & {
  shape: Shape
  request: Request
  reading: Reading
  now?: () => number
}

/** The text that a run generates and why it ended. @throws the run's TwohopError where it did not finish. */
export async function wholeText(run: Run): Promise<{ text: string; finish: FinishReason }> {
  const choices = [createChoice(0, { calls: false, logprobs: false })]
  const { text, finish } = joined(await Array.fromAsync(pieces(run.events(), choices)), 0)
  if (finish === null) throw new Error('a run ended without its output')
  return { text, finish }
}

/** Answers with the text that `run` generates, streamed where the request says so. */
export function generationAnswer(options: Options): Promise<Response> {
  return options.request.stream ? streamed(options) : whole(options)
}

/** A run's pieces of text, answer by answer. At the end comes the last piece of each answer. */
async function* pieces(
  events: AsyncGenerator<RunEvent>,
  choices: readonly Choice[],
): AsyncGenerator<Piece & { outputTokens?: number }> {
  for await (const event of events) {
    if (event.type === 'token') {
      const piece = choices[event.answer ?? 0]?.push(event.text, event.logprobs)
      if (piece) yield { ...piece, outputTokens: event.outputTokens }
    }
    if (event.type === 'finished' && event.output.kind === 'text')
      for (const [index, finish] of event.output.finishReasons.entries()) {
        const piece = choices[index]?.end(finish, event.output.stopStrings?.[index])
        if (piece) yield piece
      }
  }
}

function choicesOf({ request, reading }: Pick<Options, 'request' | 'reading'>): Choice[] {
  return Array.from({ length: request.n ?? 1 }, (_, index) => createChoice(index, reading))
}

function whole(options: Options): Promise<Response> {
  const { shape, request, requestId, run, now = Date.now } = options
  return answerOf(options, async () => {
    const choices = choicesOf(options)
    const all = await Array.fromAsync(pieces(run.events(), choices))
    const body = {
      id: shape.prefix + requestId,
      object: shape.whole.object,
      created: secondOf(now()),
      model: request.model,
      choices: choices.map((_, index) => shape.whole.choice(joined(all, index))),
      usage: usageOf(run.report()),
    }
    return JSON.stringify(body)
  })
}

/** Waits until the prompt is accepted, so that a refusal is a plain answer. Then it streams. */
async function streamed(options: Options): Promise<Response> {
  const { requestId, run } = options
  const events = run.events()
  try {
    const first = await events.next()
    if (first.done || first.value.type !== 'started') throw new Error('a run began without its start')
    return new Response(eventStream(options, events, first.value.promptTokens), {
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-request-id': requestId,
      },
    })
  } catch (error) {
    return failedAnswer(error, options)
  }
}

/** Whether the edge passes a stream on as it is. */
function isForClient({ stream_options: asked }: Request): boolean {
  return asked !== undefined && 'for_client' in asked
}

/**
 * Server-sent events, each written once the one before has gone out. A reader that goes away cancels the run. A stream
 * that is for the client breaks off where the answer fails; in any other the last event says why.
 */
function eventStream(
  options: Options,
  events: AsyncGenerator<RunEvent>,
  promptTokens: number,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const written = eventTexts(options, events, promptTokens)
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await written.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(`data: ${value}\n\n`))
      },
      cancel: () => options.run.cancel(),
    },
    { highWaterMark: 0 },
  )
}

/** The data of each event. @throws Error where the answer fails and the stream is for the client */
async function* eventTexts(
  options: Options,
  events: AsyncGenerator<RunEvent>,
  promptTokens: number,
): AsyncGenerator<string, void> {
  try {
    for await (const chunk of chunks(options, events, promptTokens)) yield JSON.stringify(chunk)
  } catch (error) {
    const said = failure(error, options)
    if (isForClient(options.request)) throw new Error('the answer broke off')
    return yield said
  }
  yield '[DONE]'
}

/**
 * OpenAI's chunks. The last has the final usage, no choices, and `timing`. Where usage is asked for, the first says
 * how many prompt tokens there are. Where usage is asked for continuously, each chunk says what was used so far. Even a
 * token without text, held back for a stop string, then gets its chunk.
 *
 * A stream for the client has no `timing`, and the last chunk only where usage is asked for; in the others it is null
 * then.
 */
async function* chunks(
  options: Options,
  events: AsyncGenerator<RunEvent>,
  promptTokens: number,
): AsyncGenerator<object> {
  const { shape, request, requestId, run, now = Date.now } = options
  const asked = request.stream_options
  const counted = asked !== undefined && 'continuous_usage_stats' in asked && asked.continuous_usage_stats
  const forClient = isForClient(request)
  const unsaid = forClient && asked?.include_usage ? null : undefined
  const choices = choicesOf(options)
  const head = {
    id: shape.prefix + requestId,
    object: shape.chunk.object,
    created: secondOf(now()),
    model: request.model,
  }
  const chunk = (choice: object, usage: GenerationUsage | null | undefined) => ({
    ...head,
    choices: [choice],
    ...(usage !== undefined && { usage }),
  })
  const { opening } = shape.chunk
  const begun = asked && !forClient ? generationUsage(promptTokens, 0) : unsaid
  if (opening !== undefined) for (const index of choices.keys()) yield chunk(opening(index), begun)
  for await (const piece of pieces(events, choices)) {
    const { text, toolCalls, logprobs = [], finish, outputTokens } = piece
    const says = text !== '' || toolCalls.length > 0 || logprobs.length > 0
    if (!counted && !says && finish === null) continue
    const used =
      outputTokens === undefined ? usageOf(run.report()) : generationUsage(promptTokens, outputTokens)
    yield chunk(shape.chunk.choice(piece), counted ? used : unsaid)
  }
  const last = { ...head, choices: [], usage: usageOf(run.report()) }
  if (!forClient) yield { ...last, timing: timingOf(run.report()) }
  else if (asked?.include_usage) yield last
}

/** The last event of a stream that fails: the error's envelope, and what was computed until then. */
function failure(error: unknown, { requestId, run, log }: Options): string {
  logUnforeseen(log, requestId, error)
  const envelope = errorEnvelope(error, requestId)
  return JSON.stringify({ ...envelope, usage: usageOf(run.report()), timing: timingOf(run.report()) })
}
