import { parseJson } from '../../shared/parse-json.ts'
import type { Detector } from './detector.ts'
import { contentBlocked } from './policy.ts'
import { createPutBack, PLACEHOLDERS, type PutBack, placeholder } from './put-back.ts'
import { scanWhole, seenWhole } from './scan.ts'
import type { Writing } from './seen.ts'
import { isJsonAt, mapTexts, writingsAt } from './texts.ts'

/** A request without what was found in it. */
export type Masked<Request extends object> = {
  /** The request with placeholders. The same value has the same one wherever it stands. */
  request: Request
  /** Characters, all of ASCII, by which its texts are longer at most. */
  added: number
  putBack: PutBack
}

/**
 * Where no placeholder can stand: names, which have few characters to be made of, and expressions, in which its brackets say
 * something else.
 */
const NO_PLACE =
  /(?:^|\.)(?:function|json_schema|messages\[\d+\])\.name$|\.(?:pattern|\$ref)$|^structured_outputs\.(?:regex|grammar)$/

/**
 * Takes what `detectors` find out of all texts of a request. What it was is in the answer's `putBack` alone. Undefined where nothing
 * is found.
 * @param found is told each rule that finds something, and whether that is blocked
 * @throws TwohopError content_blocked with the field of a text in which no placeholder can stand
 */
export function maskRequest<Request extends object>(
  request: Request,
  detectors: readonly Detector[],
  found: (rule: string, blocked: boolean) => void,
): Masked<Request> | undefined {
  const names = createNames(takenIn(request))
  let added = 0

  /** A text without what is found in it as it is read one way. */
  function without(text: string, path: string, writing: Writing): string {
    const isJson = isJsonAt(path)
    const stretches = scanWhole(detectors, text, writing)
    let written = ''
    let within = !isJson
    for (const { text: raw, rule } of stretches) {
      if (rule === undefined) {
        written += raw
        within = within !== (isJson && closes(raw))
        continue
      }
      const blocked = NO_PLACE.test(path)
      found(rule, blocked)
      if (blocked) throw contentBlocked('text', rule, path)
      const name = names.of(rule, writing === 'plain' ? raw : unescaped(raw))
      // A number in JSON becomes a text.
      const shown = within ? name : `"${name}"`
      added += Math.max(0, shown.length - raw.length)
      written += shown
    }
    const first = stretches.find(({ rule }) => rule !== undefined)?.rule
    if (first === undefined) return text
    if (isJson && parseJson(text) !== undefined && parseJson(written) === undefined)
      throw contentBlocked('text', first, path)
    return written
  }

  const masked = mapTexts(request, (text, path) =>
    writingsAt(path, text).reduce((left, writing) => without(left, path, writing), text),
  )
  return masked === request ? undefined : { request: masked, added, putBack: createPutBack(names.values) }
}

/** Placeholders that a request's texts have of themselves: they stay what they are. */
function takenIn(request: object): ReadonlySet<string> {
  const taken = new Set<string>()
  mapTexts(request, function note(text, path) {
    for (const writing of writingsAt(path, text))
      for (const [name] of seenWhole(text, writing).matchAll(PLACEHOLDERS)) taken.add(name)
    return text
  })
  return taken
}

/** Gives values their placeholders: numbered by kind, in the order in which they are found. */
function createNames(taken: ReadonlySet<string>) {
  const named = new Map<string, string>()
  const values = new Map<string, string>()
  const numbers = new Map<string, number>()
  return {
    values,
    of(rule: string, value: string): string {
      const before = named.get(value)
      if (before !== undefined) return before
      const kind = placeholder(rule, 0)
      let number = numbers.get(kind) ?? 0
      let name: string
      do name = placeholder(rule, ++number)
      while (taken.has(name))
      numbers.set(kind, number)
      named.set(value, name)
      values.set(name, value)
      return name
    },
  }
}

/** Whether a stretch of JSON has an odd number of quotes, so that a string ends or begins in it. */
const closes = (raw: string) => raw.replace(/\\./gs, '').split('"').length % 2 === 0

/** What a stretch of a JSON string says; itself where it is none. */
function unescaped(raw: string): string {
  const value = parseJson(`"${raw}"`)
  return typeof value === 'string' ? value : raw
}
