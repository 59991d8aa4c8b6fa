/** What is written of something that was thrown. */
export type Fault = {
  class: string
  code?: string | undefined
  stack?: string[]
  cause?: Fault
  /** Of an error that stands for several. */
  errors?: Fault[]
}

/** Frames of one error, errors of one that stands for several, and causes behind each other: the first tell the most. */
const MOST_FRAMES = 8
const MOST_ERRORS = 5
const MOST_CAUSES = 4

/** A class, as people name them. */
const CLASS = /^[A-Z][A-Za-z]{0,60}$/
/** A stable code: ours, Node's, an SQLSTATE, PostgREST's or a status. */
const CODE =
  /^(?:[a-z]+(?:_[a-z]+)*|E[A-Z0-9]+|(?:ERR|UND_ERR)_[A-Z_]+|[0-9A-Z]{5}|PGRST\w{1,5}|http_\d{1,3})$/
const LONGEST_CODE = 40
/** A frame as V8 writes it: what was called, where there is a name, then the last part of a file's name, line and column. */
const FRAME =
  /^ *at (?:(?:async |new )*([\w$.#<>]+)(?: \[as [\w$.#<>]+\])? \()?(?:[^()\s?#]*[/\\])?([\w.$@+-]+:\d+:\d+)\)?$/

/**
 * Class, code and frames of an error and of its causes, all by their form. Never a message: those of fetch, of Redis's
 * client and of parsers quote addresses, commands and texts, and nobody can tell a prompt or a token in them from the
 * rest. Class, code and place say what happened; the request's id leads to the rest in the ledger.
 */
export function faultOf(thrown: unknown, depth = 0): Fault {
  if (!(thrown instanceof Error)) return { class: thrown === null ? 'null' : typeof thrown }
  const { cause } = thrown
  const errors = thrown instanceof AggregateError && depth < MOST_CAUSES ? thrown.errors : []
  const stack = framesOf(thrown)
  return {
    class: classOf(thrown),
    code: codeOf(thrown),
    ...(stack.length > 0 && { stack }),
    ...(cause !== undefined && depth < MOST_CAUSES && { cause: faultOf(cause, depth + 1) }),
    ...(errors.length > 0 && {
      errors: errors.slice(0, MOST_ERRORS).map((each) => faultOf(each, depth + 1)),
    }),
  }
}

/** The stable code of an error; undefined where it has none that reads as one. */
export function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' && code.length <= LONGEST_CODE && CODE.test(code) ? code : undefined
}

function classOf(error: Error): string {
  // Classes of our own that set no name have one; a DOMException's name says more than its class.
  const name = error.name === 'Error' ? error.constructor.name : error.name
  return CLASS.test(name) ? name : 'Error'
}

/** None where it is not clear where the message ends: its lines may look like frames. */
function framesOf({ stack = '', message }: Error): string[] {
  const start = message === '' ? 0 : stack.indexOf(message)
  if (start < 0) return []
  return stack
    .slice(start + message.length)
    .split('\n')
    .flatMap((line) => {
      const [, called = '', place] = FRAME.exec(line) ?? []
      return place === undefined ? [] : [called === '' ? place : `${called} ${place}`]
    })
    .slice(0, MOST_FRAMES)
}
