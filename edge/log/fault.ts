import { linesAfterMessage } from '../../shared/stack-lines.ts'

/** What the log says of something that was thrown. */
export type Fault = {
  class: string
  code?: string | undefined
  stack?: string[]
  cause?: Fault
  /** The errors in an AggregateError. */
  errors?: Fault[]
}

/** The most frames of one error, errors in an AggregateError, and nested causes. The first ones tell the most. */
const MOST_FRAMES = 8
const MOST_ERRORS = 5
const MOST_CAUSES = 4

/** The form of a class name. */
const CLASS = /^[A-Z][A-Za-z]{0,60}$/
/** A stable code: ours, Node's, an SQLSTATE, PostgREST's or an HTTP status. */
const CODE =
  /^(?:[a-z]+(?:_[a-z]+)*|E[A-Z0-9]+|(?:ERR|UND_ERR)_[A-Z_]+|[0-9A-Z]{5}|PGRST\w{1,5}|http_\d{1,3})$/
const LONGEST_CODE = 40
/** A stack frame as V8 writes it: the function, if it has a name, then the file without folders, line and column. */
const FRAME =
  /^ *at (?:(?:async |new )*([\w$.#<>]+)(?: \[as [\w$.#<>]+\])? \()?(?:[^()\s?#]*[/\\])?([\w.$@+-]+:\d+:\d+)\)?$/

/**
 * Class, code and frames of an error and of its causes, checked by their form. Never a message: those of fetch, Redis's
 * client and parsers quote addresses, commands and texts, and a prompt or a token in them cannot be told from the rest.
 * Class, code and place say what happened; the request id leads to the rest in the ledger.
 */
export function faultOf(thrown: unknown): Fault {
  try {
    return faultAt(thrown, 0)
  } catch {
    // What was thrown throws when it is looked at. That it was thrown is told all the same.
    return { class: 'Error' }
  }
}

function faultAt(thrown: unknown, depth: number): Fault {
  if (!(thrown instanceof Error)) return { class: thrown === null ? 'null' : typeof thrown }
  const { cause } = thrown
  const errors = thrown instanceof AggregateError && depth < MOST_CAUSES ? thrown.errors : []
  const stack = framesOf(thrown)
  return {
    class: classOf(thrown),
    code: codeOf(thrown),
    ...(stack.length > 0 && { stack }),
    ...(cause !== undefined && depth < MOST_CAUSES && { cause: faultAt(cause, depth + 1) }),
    ...(errors.length > 0 && {
      errors: errors.slice(0, MOST_ERRORS).map((each) => faultAt(each, depth + 1)),
    }),
  }
}

/** The stable code of an error; undefined where it has none that reads as one. */
export function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? codeIn(thrown) : undefined
  return typeof code === 'string' && code.length <= LONGEST_CODE && CODE.test(code) ? code : undefined
}

function codeIn(error: { code: unknown }): unknown {
  try {
    return error.code
  } catch {
    return undefined
  }
}

function classOf(error: Error): string {
  // A class that sets no name is named by its constructor. A DOMException's name says more than its class.
  const name = error.name === 'Error' ? error.constructor.name : error.name
  return CLASS.test(name) ? name : 'Error'
}

/** The frames of an error; none where it is not clear where the message ends, since its lines may look like frames. */
function framesOf(error: Error): string[] {
  return linesAfterMessage(error)
    .flatMap((line) => {
      const [, called = '', place] = FRAME.exec(line) ?? []
      return place === undefined ? [] : [called === '' ? place : `${called} ${place}`]
    })
    .slice(0, MOST_FRAMES)
}
