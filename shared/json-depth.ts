import { TwohopError } from './errors.ts'
import { fieldPath } from './field-path.ts'

/**
 * Levels of arrays and objects that a request's JSON may have. A JSON schema takes two a level of its own, so thirty
 * levels of properties fit. Everything that walks JSON by recursion behind this bound needs no bound of its own.
 */
export const MOST_LEVELS = 64

/** Steps of a path that an error names: a path of 64 long names helps nobody. */
const MOST_STEPS = 8

type Level = { value: object; above: Level | undefined; key: string | number; depth: number }

/** Whether `value`, as JSON.parse gives it, has at most `most` levels of arrays and objects. */
export function isShallow(value: unknown, most = MOST_LEVELS): boolean {
  return deepest(value, most) === undefined
}

/**
 * Refuses JSON that is nested deeper than MOST_LEVELS.
 * @throws TwohopError `invalid_request` with the beginning of the path to what is too deep
 */
export function refuseDeep(value: unknown): void {
  const level = deepest(value, MOST_LEVELS)
  if (level === undefined) return
  throw new TwohopError(
    'invalid_request',
    `Expected at most ${MOST_LEVELS} levels of lists and objects, found more.`,
    {
      param: pathTo(level),
    },
  )
}

/** The first level beyond `most`. A stack of its own in place of recursion: the call stack is what is to be kept. */
function deepest(value: unknown, most: number): Level | undefined {
  if (!isContainer(value)) return undefined
  const stack: Level[] = [{ value, above: undefined, key: '', depth: 1 }]
  for (let level = stack.pop(); level !== undefined; level = stack.pop()) {
    if (level.depth > most) return level
    const above = level
    const add = (inner: unknown, key: string | number) => {
      if (isContainer(inner)) stack.push({ value: inner, above, key, depth: above.depth + 1 })
    }
    if (Array.isArray(level.value)) level.value.forEach(add)
    else for (const [key, inner] of Object.entries(level.value)) add(inner, key)
  }
  return undefined
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

function pathTo(level: Level): string {
  const steps: (string | number)[] = []
  for (let at: Level | undefined = level; at?.above !== undefined; at = at.above) steps.unshift(at.key)
  return fieldPath(steps.slice(0, MOST_STEPS))
}
