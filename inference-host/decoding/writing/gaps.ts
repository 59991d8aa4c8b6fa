import { TwohopError } from '../../../shared/errors.ts'

/** Unicode's characters that stand for nothing, for a program's own use. */
const NONCHARACTERS = Array.from({ length: 32 }, (_, i) => String.fromCharCode(0xfdd0 + i))

/**
 * Puts gaps into what a client sent, so that no part of it, and no two parts side by side, read as a mark once a
 * template has put them in their places. The template sees everything else as it is.
 */
export type Gaps = {
  /** The character that stands for a gap. It is in nothing that was sent. */
  gap: string
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
 * @throws TwohopError `invalid_request` where every character that could stand for a gap is in it already.
 */
export function createGaps(marks: ReadonlySet<string>, sent: unknown): Gaps {
  const all = JSON.stringify(sent)
  const gap = NONCHARACTERS.find((character) => !all.includes(character))
  if (gap === undefined)
    throw new TwohopError(
      'invalid_request',
      "The messages have each of Unicode's noncharacters U+FDD0 to U+FDEF; leave one out.",
      { param: 'messages' },
    )
  const firsts = new Set(Array.from(marks, (mark) => mark.charAt(0)))
  const begins = new RegExp(`[${Array.from(firsts, escaped).join('')}]`, 'g')

  /** Whether a mark that began before `text` may end in it. */
  function mayEnd(text: string): boolean {
    for (const mark of marks)
      for (let at = 1; at < mark.length; at++) {
        const end = mark.slice(at)
        if (text.startsWith(end) || end.startsWith(text)) return true
      }
    return false
  }

  function text(given: string): string {
    if (firsts.size === 0) return given
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
    text,
    json,
    record,
    jsonText: (given) => given.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => `"${text(quoted.slice(1, -1))}"`),
  }
}

const escaped = (character: string) => character.replace(/[\\\]^-]/, '\\$&')
