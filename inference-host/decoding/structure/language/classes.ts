import { type CharacterSet, complement, LAST, of, union } from '../grammar/characters.ts'
import type { Budget } from './budget.ts'
import { DIGIT, WORD } from './pattern.ts'
import { RegexError } from './regex-error.ts'

/** WhiteSpace and LineTerminator of ECMA-262, which `\s` stands for. */
const SPACE = union([[9, 13]], of(' \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff'), [[0x2000, 0x200a]])
/** What `.` does not stand for. */
const LINE_END = of('\n\r\u2028\u2029')
export const NOT_LINE_END = complement(LINE_END)

const CLASSES: ReadonlyMap<string, CharacterSet> = new Map([
  ['d', DIGIT],
  ['D', complement(DIGIT)],
  ['w', WORD],
  ['W', complement(WORD)],
  ['s', SPACE],
  ['S', complement(SPACE)],
])
const CONTROLS: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['f', '\f'],
  ['v', '\v'],
  ['0', '\0'],
])

/** `\x41`, `\u0041`, `\u{41}`, and two `\u` that are one character of UTF-16. */
const CODE =
  /^(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\})/i
const PROPERTY = /^([pP])\{([A-Za-z_]{1,40}(?:=[A-Za-z_]{1,40})?)\}/

/**
 * The characters that an escape stands for.
 * @param rest What follows the `\`; some 90 characters suffice.
 * @returns The set and how many characters of `rest` it takes.
 * @throws RegexError where the escape is none, or is no set; TooLarge
 */
export function escapedSet(rest: string, budget: Budget): { set: CharacterSet; length: number } {
  const [char = ''] = rest
  if (char === '') throw new RegexError('a "\\" at the end')
  const code = CODE.exec(rest)
  if (code) {
    const point = pointOf(code)
    if (point > LAST) throw new RegexError(`"\\${code[0]}", which is no character`)
    return { set: [[point, point]], length: [...code[0]].length }
  }
  const property = PROPERTY.exec(rest)
  if (property) {
    const [whole, sign, name = ''] = property
    return {
      set: sign === 'p' ? propertySet(name, budget) : withoutProperty(name, budget),
      length: whole.length,
    }
  }
  const set = CLASSES.get(char)
  if (set !== undefined) return { set, length: 1 }
  const control = CONTROLS.get(char)
  if (control !== undefined && !(char === '0' && /^0\d/.test(rest))) return { set: of(control), length: 1 }
  // A letter or digit would mean something else: a group that was matched before, say.
  if (/[A-Za-z0-9]/.test(char)) throw new RegexError(`"\\${char}"`)
  return { set: of(char), length: 1 }
}

function pointOf([, high, low, ...single]: RegExpExecArray): number {
  if (high !== undefined && low !== undefined)
    return 0x10000 + ((Number.parseInt(high, 16) & 0x3ff) << 10) + (Number.parseInt(low, 16) & 0x3ff)
  return Number.parseInt(single.find((digits) => digits !== undefined) ?? '', 16)
}

/** What it takes to look through all of Unicode: some 40 ms. */
const PROPERTY_STEPS = 4000

/** Properties of Unicode by name. There are some 400 names, and 20 kB are a large one. */
const properties = new Map<string, CharacterSet>()
const others = new Map<string, CharacterSet>()

/** Every character, in order. */
let everything: string | undefined

/**
 * The characters with a property of Unicode, asked of the engine of JavaScript: the name is looked up there, and no
 * pattern of a client is run. @throws RegexError where there is no such property.
 */
function propertySet(name: string, budget: Budget): CharacterSet {
  const known = properties.get(name)
  if (known !== undefined) return known
  budget.spend(PROPERTY_STEPS)
  let runs: RegExp
  try {
    runs = new RegExp(`\\p{${name}}+`, 'gu')
  } catch {
    throw new RegexError('"\\p{…}" with a name that is no property of Unicode')
  }
  everything ??= everyCharacter()
  const found = union(
    [...everything.matchAll(runs)].flatMap(([run]) => {
      const last = run.length > 1 && /[\udc00-\udfff]/.test(run.at(-1) ?? '') ? run.slice(-2) : run.slice(-1)
      const [first, end] = [run.codePointAt(0) ?? 0, last.codePointAt(0) ?? 0]
      // A run over the surrogates, which are in no text, is two.
      return first < 0xd800 && end > 0xdfff
        ? [[first, 0xd7ff] as const, [0xe000, end] as const]
        : [[first, end] as const]
    }),
  )
  properties.set(name, found)
  return found
}

/** The others. They are kept too, so that a set that is named often is one object. */
function withoutProperty(name: string, budget: Budget): CharacterSet {
  const found = others.get(name) ?? complement(propertySet(name, budget))
  others.set(name, found)
  return found
}

/** All of Unicode but the surrogates, as UTF-16. */
function everyCharacter(): string {
  const units = new Uint16Array(0xf800 + 2 * (LAST + 1 - 0x10000))
  let at = 0
  for (let point = 0; point <= LAST; point++) {
    if (point >= 0x10000) units[at++] = 0xd800 + ((point - 0x10000) >> 10)
    if (point >= 0x10000) units[at++] = 0xdc00 + (point & 0x3ff)
    else if (point < 0xd800 || point > 0xdfff) units[at++] = point
  }
  return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(units)
}
