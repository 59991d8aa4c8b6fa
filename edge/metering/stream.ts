import { createParser } from 'eventsource-parser'
import { errorResponse, TwohopError } from '../../shared/errors.ts'
import { Timing } from '../../shared/timing.ts'
import { generationUsage } from '../../shared/usage.ts'
import type { Held } from '../budget/hold.ts'
import { type Counts, type StopHost, stopAndSettle, usageWithin } from './used.ts'

/** The longest event that is waited for, in characters: a token's worth of text and its envelope are far below. */
const MAX_EVENT = 64 * 1024
const DONE = '[DONE]'

/** What is read of a chunk. Checked by hand: a schema library's check of every token costs more than the token. */
type Chunk = { usage?: unknown; timing?: unknown; choices?: unknown; error?: unknown }

function countsOf({ usage }: Chunk): Counts | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined
  const { prompt_tokens, completion_tokens } = usage as Record<string, unknown>
  if (!isCount(prompt_tokens) || !isCount(completion_tokens)) throw brokeOff()
  return { prompt_tokens, completion_tokens }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

const encoder = new TextEncoder()
const event = (data: string) => `data: ${data}\n\n`

/**
 * The host's server-sent events on their way to the client, counted as they pass. Pulled by the client, so a slow
 * one holds the host back and nothing piles up here. Settles exactly once: at `[DONE]` with the final count, on the
 * client's going, the deadline or a broken stream with what the host says it produced.
 * @param signal aborts when the client goes away or the deadline passes
 */
export function meterStream(
  held: Held,
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
  stop: StopHost,
): ReadableStream<Uint8Array> {
  if (!body) throw new TwohopError('host_failed', 'The model answered without a stream.')
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let out = ''
  let done = false
  let ended = false
  let counts: Counts | undefined
  let timing: Timing | undefined

  const parser = createParser({
    maxBufferSize: MAX_EVENT,
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') throw brokeOff()
    },
    onEvent({ data }) {
      if (data === DONE) done = true
      else out += pass(data)
    },
  })

  /** Notes an event's counts and returns what the client gets of it: OpenAI's stream, usage only if it asked. */
  function pass(data: string): string {
    const chunk: Chunk = JSON.parse(data)
    if (typeof chunk !== 'object' || chunk === null || chunk.error !== undefined) throw brokeOff()
    const usage = countsOf(chunk)
    if (usage) counts = usage
    if (chunk.timing !== undefined) timing = Timing.safeParse(chunk.timing).data
    const { includeUsage } = held.work
    const last = Array.isArray(chunk.choices) && chunk.choices.length === 0
    if (last && !includeUsage) return ''
    const { timing: _, usage: __, ...rest } = chunk
    if (!includeUsage) return event(JSON.stringify(rest))
    const shown = last && usage ? generationUsage(usage.prompt_tokens, usage.completion_tokens) : null
    return event(JSON.stringify({ ...rest, usage: shown }))
  }

  /** Reads until there is something to pass on, or the end. */
  async function read(): Promise<void> {
    while (out === '' && !done) {
      const { done: over, value } = await reader.read()
      if (over) throw brokeOff()
      parser.feed(decoder.decode(value, { stream: true }))
    }
  }

  function abandon(outcome: 'cancelled' | 'failed'): void {
    if (ended) return
    ended = true
    signal.removeEventListener('abort', onAbort)
    void stopAndSettle(held, outcome, stop, counts && usageWithin(held, counts, timing))
    void reader.cancel().catch(() => {})
  }
  const onAbort = () => abandon(timedOut(signal) ? 'failed' : 'cancelled')
  signal.addEventListener('abort', onAbort, { once: true })

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          await read()
          if (done && !ended) {
            ended = true
            signal.removeEventListener('abort', onAbort)
            held.settle('ok', usageWithin(held, counts, timing))
            void reader.cancel().catch(() => {})
          }
          controller.enqueue(encoder.encode(done ? out + event(DONE) : out))
          out = ''
          if (done) controller.close()
        } catch (error) {
          abandon('failed')
          const shown = timedOut(signal)
            ? new TwohopError('host_timeout', 'The model did not finish in time.')
            : error instanceof TwohopError
              ? error
              : brokeOff()
          controller.enqueue(encoder.encode(out + event(await errorResponse(shown, held.requestId).text())))
          controller.close()
        }
      },
      cancel: () => abandon('cancelled'),
    },
    // What the client has not read is not asked of the host.
    { highWaterMark: 0 },
  )
}

function brokeOff(): TwohopError {
  return new TwohopError('host_failed', 'The model broke off its answer.')
}

function timedOut({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}
