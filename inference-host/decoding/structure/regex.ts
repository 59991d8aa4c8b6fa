import { type CharacterSet, complement, intersection, LAST, of, union, WRITABLE } from './characters.ts'
import { characters, choice, EMPTY, type Expression, repeat, sequence, text } from './expression.ts'

/** Why a regular expression is not supported. The caller knows the field. */
export class RegexError extends Error {}

/** One alternative of a regular expression, and whether it is tied to the start and to the end. */
export type Alternative = { body: Expression; start: boolean; end: boolean }

const DIGIT: CharacterSet = [[48, 57]]
const WORD = union(DIGIT, [[65, 90]], [[95, 95]], [[97, 122]])
/** WhiteSpace and LineTerminator of ECMA-262, which `\s` stands for. */
const SPACE = union([[9, 13]], of(' \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff'), [[0x2000, 0x200a]])
const LINE_END = of('\n\r\u2028\u2029')
const CLASSES: Record<string, CharacterSet> = {
  d: DIGIT,
  D: complement(DIGIT),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
}
const CONTROLS: Record<string, string> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', 0: '\0' }

/** Nesting of groups; each level is a few stack frames here. */
const MOST_DEPTH = 32
/** ECMA-262 sets none; a count beyond this is a slip or an attack. */
const MOST_REPEATS = 1_000_000

/**
 * Reads a regular expression of ECMA-262's Unicode mode (`u`, which JSON Schema asks for) as far as it describes a
 * regular language: literals, classes, groups, alternatives, quantifiers, and `^` and `$` at the ends of the whole.
 * Characters that an answer never holds (controls, say) are left out of classes.
 * @throws RegexError, saying what is not supported.
 */
export function parseRegex(source: string): Alternative[] {
  const input = [...source]
  let at = 0
  let depth = 0

  const peek = (ahead = 0) => input[at + ahead]
  const next = () => input.slice(at, at + 12).join('')

  function take(expected: string): boolean {
    if (peek() !== expected) return false
    at++
    return true
  }

  function alternatives(outermost: boolean): Alternative[] {
    const found: Alternative[] = []
    do {
      const start = outermost && take('^')
      const parts: Expression[] = []
      let end = false
      while (at < input.length && peek() !== '|' && peek() !== ')') {
        if (outermost && peek() === '$' && (peek(1) === undefined || peek(1) === '|')) {
          at++
          end = true
        } else parts.push(quantified())
      }
      found.push({ body: sequence(...parts), start, end })
    } while (take('|'))
    return found
  }

  function quantified(): Expression {
    const one = atom()
    const [min, max] = quantifier() ?? [1, 1]
    take('?') // Lazy or not, the language is the same.
    if ('*+?{'.includes(peek() ?? 'none')) throw new RegexError(`nothing to repeat at "${next()}"`)
    return repeat(one, min, max)
  }

  function quantifier(): [number, number] | undefined {
    if (take('*')) return [0, Number.POSITIVE_INFINITY]
    if (take('+')) return [1, Number.POSITIVE_INFINITY]
    if (peek() === '?') {
      at++
      return [0, 1]
    }
    if (peek() !== '{') return undefined
    const found = /^\{(\d+)(,(\d*))?\}/.exec(input.slice(at, at + 24).join(''))
    if (!found) throw new RegexError(`a lone "{" at "${next()}"`)
    at += found[0].length
    const min = Number(found[1])
    const max = found[2] === undefined ? min : found[3] ? Number(found[3]) : Number.POSITIVE_INFINITY
    if (min > max) throw new RegexError(`numbers out of order in "${found[0]}"`)
    if (min > MOST_REPEATS) throw new RegexError(`"${found[0]}" repeats more than ${MOST_REPEATS} times`)
    return [min, max]
  }

  function atom(): Expression {
    const char = peek() ?? ''
    if (char === '(') return group()
    if (char === '[') return one(characterClass())
    if (char === '\\') return one(escapeSequence())
    if (char === '^' || char === '$') throw new RegexError(`"${char}" inside the expression`)
    if ('*+?{}]'.includes(char)) throw new RegexError(`a lone "${char}"`)
    at++
    return char === '.' ? one(complement(LINE_END)) : one(of(char))
  }

  function group(): Expression {
    at++
    if (peek() === '?') {
      const opening = /^\?(:|<[A-Za-z_]\w*>)/.exec(input.slice(at, at + 80).join(''))
      if (!opening) throw new RegexError(`lookaround or flags: "(${next()}"`)
      at += opening[0].length
    }
    if (++depth > MOST_DEPTH) throw new RegexError(`groups nested deeper than ${MOST_DEPTH}`)
    const options = alternatives(false).map(({ body }) => body)
    if (!take(')')) throw new RegexError('a group that is not closed')
    depth--
    return choice(options)
  }

  function characterClass(): CharacterSet {
    at++
    const negated = take('^')
    const sets: CharacterSet[] = []
    while (peek() !== ']') {
      if (peek() === undefined) throw new RegexError('a class that is not closed')
      const first = member()
      if (peek() === '-' && peek(1) !== ']') {
        at++
        sets.push(spanned(first, member()))
      } else sets.push(first)
    }
    at++
    return negated ? complement(union(...sets)) : union(...sets)
  }

  function spanned(first: CharacterSet, last: CharacterSet): CharacterSet {
    const [from, to] = [single(first), single(last)]
    if (from === undefined || to === undefined || from > to) throw new RegexError('a range out of order')
    return [[from, to]]
  }

  function member(): CharacterSet {
    if (peek() === '\\') return escapeSequence()
    const char = peek()
    if (char === undefined) throw new RegexError('a class that is not closed')
    at++
    return of(char)
  }

  function escapeSequence(): CharacterSet {
    at++
    const char = peek()
    if (char === undefined) throw new RegexError('a "\\" at the end')
    const rest = input.slice(at, at + 10).join('')
    const code = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\})/.exec(rest)
    at += code ? code[0].length : 1
    const point = code ? Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16) : undefined
    if (point !== undefined && point <= LAST) return [[point, point]]
    const set = CLASSES[char]
    if (set !== undefined) return set
    const control = CONTROLS[char]
    if (control !== undefined) return of(control)
    if (/[\w]/.test(char)) throw new RegexError(`"\\${char}"`)
    return of(char)
  }

  const found = alternatives(true)
  if (at < input.length) throw new RegexError(`an unexpected "${next()}"`)
  return found
}

/** An expression that always matches the whole text, as vLLM takes `regex`. `^` and `$` may be there or not. */
export function wholeRegex(source: string): Expression {
  return choice(parseRegex(source).map(({ body }) => body))
}

/** The expression of a JSON Schema `pattern`, which ECMA-262 searches for anywhere but where `^` or `$` ties it. */
export function searchedRegex(source: string): Expression {
  const anything = repeat(characters(WRITABLE), 0, Number.POSITIVE_INFINITY)
  return choice(
    parseRegex(source).map(({ body, start, end }) =>
      sequence(start ? EMPTY : anything, body, end ? EMPTY : anything),
    ),
  )
}

function single(set: CharacterSet): number | undefined {
  const [range] = set
  return set.length === 1 && range !== undefined && range[0] === range[1] ? range[0] : undefined
}

/** One character of `set`, as far as it is writable. */
function one(set: CharacterSet): Expression {
  const writable = intersection(set, WRITABLE)
  if (writable.length === 0) throw new RegexError('a class of characters that no answer can hold')
  const point = single(writable)
  return point === undefined ? characters(writable) : text(String.fromCodePoint(point))
}
