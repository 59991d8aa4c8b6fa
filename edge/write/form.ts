import { type ErrorEnvelope, TwohopError } from '../../shared/errors.ts'
import type { Timing } from '../../shared/timing.ts'
import type { HostAnswer, HostChunk } from './host-answer.ts'

/** How the host's answers to a chat are written for a client that asked for it by another API. */
export type AnswerForm = {
  /** A whole answer, as JSON text. */
  whole(answer: HostAnswer, of: { requestId: string; timing: Timing | undefined }): string
  /** A writer for one stream. */
  stream(requestId: string): StreamForm
  /** What this API calls a field of a chat, such as `response_format`. */
  fieldOf(param: string): string
}

/** Writes a stream. Each method gives server-sent events, or nothing. */
export type StreamForm = {
  /** What the next chunk adds. @throws Error where the stream has become too long */
  chunk(chunk: HostChunk): string
  /** What ends a whole stream. */
  end(): string
  /** What ends one that broke off. */
  error(envelope: ErrorEnvelope): string
}

/** One server-sent event with a name. */
export function namedEvent(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

/** The most characters that a stream may make a writer remember. A model's whole context is far shorter. */
const MOST_REMEMBERED = 8 * 1024 * 1024

/** Counts what a writer remembers of a stream. It throws an Error where that is too much. */
export function createBound(most = MOST_REMEMBERED) {
  let remembered = 0
  return function remember(characters: number): void {
    remembered += characters
    if (remembered > most) throw new Error('the stream is longer than is remembered')
  }
}

/**
 * What `run` gives. A refusal of a field is told with the name that the field has in the client's API.
 * @throws what `run` throws
 */
export function withFieldsOf<Result>(fieldOf: AnswerForm['fieldOf'], run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    throw renamed(error, fieldOf)
  }
}

/** An error whose field has the name of the client's API. */
export function renamed(error: unknown, fieldOf: AnswerForm['fieldOf']): unknown {
  if (error instanceof TwohopError && error.param !== undefined) error.param = fieldOf(error.param)
  return error
}
