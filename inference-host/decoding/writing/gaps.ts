import { TwohopError } from '../../../shared/errors.ts'
import { beginningOf } from '../../tokens/marks.ts'

/** Unicode's characters that stand for nothing, for a program's own use. */
const NONCHARACTERS = Array.from({ length: 32 }, (_, i) => String.fromCharCode(0xfdd0 + i))

/**
 * Puts gaps into what a client sent, so that no part of it, and no two parts side by side, read as a mark once a
 * template has put them in their places. The template sees everything else as it is.
 */
export type Gaps = {
  /** The characters that stand for a gap and for an image. They are in nothing that was sent. */
  gap: string
  image: string
  /** A text with its gaps. */
  text(text: string): string
  /** JSON with gaps in all its texts and names. */
  json(value: unknown): unknown
  record(value: Readonly<Record<string, unknown>>): Record<string, unknown>
  /** JSON in its text form: the gaps are in its texts alone, so that it stays JSON. */
  jsonText(text: string): string
}

/**
 * Gaps against `marks`, for a request in which `sent` is all that the client sent.
 * @throws TwohopError `invalid_request` where fewer than two of the characters that could stand for gaps and images are left.
 */
export function createGaps(marks: ReadonlySet<string>, sent: unknown): Gaps {
  const all = JSON.stringify(sent)
  const [gap, image] = NONCHARACTERS.filter((character) => !all.includes(character))
  if (gap === undefined || image === undefined)
    throw new TwohopError(
      'invalid_request',
      "The messages have nearly each of Unicode's noncharacters U+FDD0 to U+FDEF; leave two out.",
      { param: 'messages' },
    )
  const { begins, mayEnd } = rulesOf(marks)

  function text(given: string): string {
    if (marks.size === 0) return given
    // A template may cut off the space around a text.
    const space = given.length - given.trimStart().length
    const core = given.slice(space)
    if (core === '') return given
    const apart = core.replace(begins, (first) => first + gap)
    return given.slice(0, space) + (mayEnd(core.trimEnd()) ? gap : '') + apart
  }

  function json(value: unknown): unknown {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return value.map(json)
    return typeof value === 'object' && value !== null ? record(value) : value
  }

  function record(value: object): Record<string, unknown> {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [text(name), json(one)]))
  }

  return {
    gap,
    image,
    text,
    json,
    record,
    jsonText: (given) => given.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => `"${text(quoted.slice(1, -1))}"`),
  }
}

/** Where gaps go. */
type Rules = {
  /** What a mark may begin with. */
  begins: RegExp
  /** Whether a mark that began before a text may end in it. */
  mayEnd(text: string): boolean
}

const known = new WeakMap<ReadonlySet<string>, Rules>()

/** The rules against `marks`, of which a model can have thousands. They are made once. */
function rulesOf(marks: ReadonlySet<string>): Rules {
  const rules = known.get(marks) ?? createRules(marks)
  known.set(marks, rules)
  return rules
}

function createRules(marks: ReadonlySet<string>): Rules {
  const all = [...marks]
  const ends = new Set(all.flatMap((mark) => Array.from(mark.slice(1), (_, at) => mark.slice(1 + at))))
  const longest = Math.max(0, ...Array.from(ends, ({ length }) => length))
  return {
    begins: beginningOf(all),
    mayEnd(text) {
      for (let length = 1; length <= Math.min(longest, text.length); length++)
        if (ends.has(text.slice(0, length))) return true
      return text.length < longest && all.some((mark) => mark.includes(text, 1))
    },
  }
}
