import { TwohopError } from '../../../../shared/errors.ts'

/** Where in the request something was found: keys and indexes from the outermost in. */
export type Path = readonly (string | number)[]

/** `a.b[0]["c d"]`, the way OpenAI's errors name a field. */
export function pathText(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[\w$-]+$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step.slice(0, 64))}]`
  }
  return text
}

/** An error carries no more of the request than this, in characters. */
const LONGEST_PARAM = 200
const LONGEST_MESSAGE = 500

/** Where a refusal found what it refuses. */
const paths = new WeakMap<object, Path>()

/** A 400 that names the field and says why it is refused. */
export function refuse(path: Path, message: string): TwohopError {
  const refusal = withoutStack(
    () =>
      new TwohopError('invalid_request', message.slice(0, LONGEST_MESSAGE), {
        param: pathText(path).slice(0, LONGEST_PARAM),
      }),
  )
  paths.set(refusal, path)
  return refusal
}

/**
 * An error whose path says where it comes from. Where schemas have choices, most refusals of them are only looked at, and to
 * collect a stack takes longer than all else about one.
 */
function withoutStack(make: () => TwohopError): TwohopError {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** The same refusal where the path that it names is said otherwise. Anything else that was thrown stays as it is. */
export function refusedElsewhere(error: unknown, said: (path: Path) => Path): unknown {
  const path = error instanceof TwohopError ? paths.get(error) : undefined
  if (!(error instanceof TwohopError) || path === undefined) return error
  const again = ofNothing.has(error) ? refuseNothing : refuse
  return again(said(path), error.message)
}

/** Refusals of what can be said, and that nothing is valid for. */
const ofNothing = new WeakSet<TwohopError>()

/** The same where nothing is valid for what stands at `path`. Where there are other choices, it is left out. */
export function refuseNothing(path: Path, message: string): TwohopError {
  const refusal = refuse(path, message)
  ofNothing.add(refusal)
  return refusal
}

/** Whether an error says that nothing is valid for a part of what was asked. */
export function saysNothing(error: unknown): error is TwohopError {
  return error instanceof TwohopError && ofNothing.has(error)
}
