import { errorResponse } from '../../shared/errors.ts'
import type { FinishReason } from '../../shared/openai/chat.ts'
import type { GenerationUsage } from '../../shared/usage.ts'
import { generationUsage } from '../../shared/usage.ts'
import type { Run, RunEvent } from '../scheduler/run.ts'
import { answer, failedAnswer, timingOf, usageOf } from './report.ts'

/** How one of OpenAI's routes writes a generated text: as a whole, and piece by piece. */
export type Shape = {
  /** What the answer's id begins with. */
  prefix: string
  whole: { object: string; choice(text: string, finish: FinishReason): object }
  chunk: {
    object: string
    opening: object | undefined
    choice(text: string, finish: FinishReason | null): object
  }
}

type Request = {
  model: string
  stream: boolean
  stream_options?: { continuous_usage_stats?: boolean | undefined } | undefined
}

type Options = { shape: Shape; request: Request; requestId: string; run: Run; now?: () => number }

/** The text that a run generates and why it ended. @throws TwohopError with which the run ended. */
export async function wholeText(run: Run): Promise<{ text: string; finish: FinishReason }> {
  let text = ''
  for await (const event of run.events()) {
    if (event.type === 'token') text += event.text
    if (event.type === 'finished' && event.output.kind === 'text')
      return { text, finish: event.output.finishReason }
  }
  throw new Error('a run ended without its output')
}

/** Answers with the text that `run` generates, streamed where the request says so. */
export function generationAnswer(options: Options): Promise<Response> {
  return options.request.stream ? streamed(options) : whole(options)
}

async function whole({ shape, request, requestId, run, now = Date.now }: Options): Promise<Response> {
  try {
    const { text, finish } = await wholeText(run)
    const body = {
      id: shape.prefix + requestId,
      object: shape.whole.object,
      created: Math.floor(now() / 1000),
      model: request.model,
      choices: [shape.whole.choice(text, finish)],
      usage: usageOf(run.report()),
    }
    return answer(JSON.stringify(body), requestId, run)
  } catch (error) {
    return failedAnswer(error, requestId, run)
  }
}

/** Waits until the prompt is accepted, so that a refusal is a plain answer; then streams. */
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
    return failedAnswer(error, requestId, run)
  }
}

/** Server-sent events; a reader that goes away cancels the run. */
function eventStream(
  options: Options,
  events: AsyncGenerator<RunEvent>,
  promptTokens: number,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async start(controller) {
      const write = (data: string) => controller.enqueue(encoder.encode(`data: ${data}\n\n`))
      try {
        for await (const chunk of chunks(options, events, promptTokens)) write(JSON.stringify(chunk))
        write('[DONE]')
      } catch (error) {
        write(await failure(error, options))
      }
      controller.close()
    },
    cancel: () => options.run.cancel(),
  })
}

/**
 * OpenAI's chunks. The last has the final usage, no choices, and `timing`. Where usage is asked for, the first says
 * how many prompt tokens there are; where it is asked for continuously, each says what was used so far, and even a
 * token without text (held back for a stop string) gets its chunk.
 */
async function* chunks(
  { shape, request, requestId, run, now = Date.now }: Options,
  events: AsyncGenerator<RunEvent>,
  promptTokens: number,
): AsyncGenerator<object> {
  const counted = request.stream_options?.continuous_usage_stats === true
  const head = {
    id: shape.prefix + requestId,
    object: shape.chunk.object,
    created: Math.floor(now() / 1000),
    model: request.model,
  }
  const chunk = (choice: object, usage: GenerationUsage) => ({
    ...head,
    choices: [choice],
    ...(counted && { usage }),
  })
  if (shape.chunk.opening !== undefined)
    yield {
      ...head,
      choices: [shape.chunk.opening],
      ...(request.stream_options && { usage: generationUsage(promptTokens, 0) }),
    }
  for await (const event of events) {
    if (event.type === 'token' && (counted || event.text !== ''))
      yield chunk(shape.chunk.choice(event.text, null), generationUsage(promptTokens, event.outputTokens))
    if (event.type === 'finished' && event.output.kind === 'text')
      yield chunk(shape.chunk.choice('', event.output.finishReason), usageOf(run.report()))
  }
  yield { ...head, choices: [], usage: usageOf(run.report()), timing: timingOf(run.report()) }
}

/** The last event of a stream that fails: the error's envelope, and what was computed until then. */
async function failure(error: unknown, { requestId, run }: Options): Promise<string> {
  const envelope = (await errorResponse(error, requestId).json()) as object
  return JSON.stringify({ ...envelope, usage: usageOf(run.report()), timing: timingOf(run.report()) })
}
