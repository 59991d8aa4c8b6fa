import { createParser } from 'eventsource-parser'
import { errorEnvelope } from '../../shared/errors.ts'
import { Timing } from '../../shared/timing.ts'
import { generationUsage } from '../../shared/usage.ts'
import type { Work } from '../parse/work.ts'
import type { HostUsage } from '../upstream/port.ts'
import { HostChunk } from '../write/host-answer.ts'
import { brokeOff } from './broke-off.ts'
import { type Counts, createCounter } from './counter.ts'

/** The longest event that is accepted, in characters. A token's text with its envelope is far shorter. */
export const MAX_EVENT = 64 * 1024
export const DONE = '[DONE]'

/** The content type of a stream as the client gets it. */
export const EVENT_STREAM = 'text/event-stream; charset=utf-8'

/** Only whole events of one line of data each, which look like JSON objects. */
const WHOLE_EVENTS = /^(?:data: \{"[^\r\n]*\}\n\n)+$/
/** A key that has to be parsed. In the text of an answer its quotes would be escaped. */
const TO_BE_READ = /"(?:usage|timing|error)"\s*:/
const END = '}\n\n'

/** The parts of a chunk that are read. Checked by hand: a schema check of every token costs more than the token. */
type Chunk = { usage?: unknown; timing?: unknown; choices?: unknown; error?: unknown }

/** The host's server-sent events, read piece by piece as they come over the network. */
export type EventReader = {
  /**
   * Takes the next piece and returns the events for the client: in OpenAI's form, with a usage only if the client asked
   * for it, or as the work's own form writes them. A piece that does not fit the host's form sets `broken`; nothing after that counts.
   */
  read(piece: Uint8Array): string
  /** Whether `[DONE]` has come, or a guard has blocked all that may come. */
  readonly done: boolean
  /** Whether it was a guard. Then the host goes on until it is stopped. */
  readonly blocked: boolean
  readonly broken: boolean
  /** The host's final count: the last usage, if no event without one came after it. */
  readonly final: Counts | undefined
  /** What the edge has seen produced: one token an event since the last usage. Undefined while nothing was. */
  readonly seen: Counts | undefined
  readonly timing: Timing | undefined
  /** What ends a stream whose end has come: for the client. */
  readonly end: string
  /**
   * What ends a stream that was cut, since what would come must not be told: its counts, and its end.
   * @throws Error where the work's own form has no end for it
   */
  cut(used: HostUsage): string
  /** What ends a stream that broke off: for the client. */
  error(thrown: unknown): string
}

/** A reader for the stream of one request. */
export function createEventReader(
  {
    includeUsage,
    worst,
    form,
    guard,
    answerJudged,
  }: Pick<Work, 'includeUsage' | 'worst' | 'form' | 'guard' | 'answerJudged'>,
  requestId: string,
): EventReader {
  const writer = form?.stream(requestId)
  const watch = guard?.stream()
  /** Whether nobody has to look at what an event says. */
  const isPlain = !writer && !watch && !answerJudged
  const counter = createCounter(worst.promptTokens)
  let end = ''
  const decoder = new TextDecoder()
  let out = ''
  let whole = true
  let done = false
  let broken = false
  let blocked = false
  let timing: Timing | undefined
  /** The last chunk that was told. */
  let last: Chunk = {}

  const parser = createParser({
    maxBufferSize: MAX_EVENT,
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') throw brokeOff()
    },
    onEvent({ data }) {
      if (blocked) return
      if (data === DONE) done = true
      else out += parsed(data)
      if (done && !blocked) end = endOf()
    },
  })

  const endOf = () => (writer ? writer.end() : DONE_EVENT)

  function parsed(data: string): string {
    const chunk: Chunk = JSON.parse(data)
    if (typeof chunk !== 'object' || chunk === null || chunk.error !== undefined) throw brokeOff()
    const usage = counter.take(chunk.usage)
    if (chunk.timing !== undefined) timing = Timing.safeParse(chunk.timing).data
    const told: Chunk | undefined = watch ? watch.chunk(chunk) : chunk
    if (told === undefined) return ''
    last = told
    if (watch?.over) done = blocked = true
    return written(told, usage)
  }

  /** A chunk as the client gets it. */
  function written(chunk: Chunk, usage: Counts | undefined): string {
    if (writer) return writer.chunk(HostChunk.parse(chunk))
    const isUsage = Array.isArray(chunk.choices) && chunk.choices.length === 0
    if (isUsage && !includeUsage) return ''
    const { timing: _, usage: __, ...rest } = chunk
    if (!includeUsage) return event(JSON.stringify(rest))
    const shown = isUsage && usage ? generationUsage(usage.prompt_tokens, usage.completion_tokens) : null
    return event(JSON.stringify({ ...rest, usage: shown }))
  }

  return {
    read(piece) {
      const text = decoder.decode(piece, { stream: true })
      // To parse and print every token again would be most of the cost of a stream. Most tokens need neither.
      if (isPlain && whole && WHOLE_EVENTS.test(text) && !TO_BE_READ.test(text)) {
        counter.add(text.split(END).length - 1)
        return includeUsage ? text.replaceAll(END, ',"usage":null}\n\n') : text
      }
      try {
        if (!broken) parser.feed(text)
      } catch {
        // The caller reads `broken`, ends the stream and reports that it broke off.
        broken = true
      }
      whole = text.endsWith('\n\n')
      const events = out
      out = ''
      return events
    },
    get done() {
      return done && !broken
    },
    get broken() {
      return broken
    },
    get blocked() {
      return blocked
    },
    get final() {
      return counter.final
    },
    get seen() {
      return counter.seen
    },
    get timing() {
      return timing
    },
    get end() {
      return end
    },
    cut({ promptTokens, outputTokens }) {
      const usage = generationUsage(promptTokens, outputTokens)
      return written({ ...last, choices: [], usage }, usage) + endOf()
    },
    error(thrown) {
      const envelope = errorEnvelope(thrown, requestId)
      return writer ? writer.error(envelope) : event(JSON.stringify(envelope))
    },
  }
}

/** One server-sent event. */
export function event(data: string): string {
  return `data: ${data}\n\n`
}

/** The last event of a complete stream. */
const DONE_EVENT = event(DONE)
