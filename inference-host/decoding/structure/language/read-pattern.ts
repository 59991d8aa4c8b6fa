import { type CharacterSet, complement, of, union } from '../grammar/characters.ts'
import type { Budget } from './budget.ts'
import { escapedSet, NOT_LINE_END } from './classes.ts'
import type { Pattern } from './pattern.ts'
import { RegexError } from './regex-error.ts'

/** Nesting of groups; each level is a few stack frames here. */
const MOST_DEPTH = 32
/** ECMA-262 sets none; a count beyond this is a slip or an attack. */
const MOST_REPEATS = 1_000_000

/** Where reading has got to. Characters are code points. */
type Reader = { readonly input: readonly string[]; readonly budget: Budget; at: number; depth: number }

/**
 * Reads a regular expression of ECMA-262: literals, classes, properties of Unicode, groups, alternatives, quantifiers,
 * lookahead, `^`, `$`, `\b` and `\B`. What only its mode without `u` takes is taken where it can mean one thing: a lone
 * brace, or a `-` after a class.
 * @throws RegexError, saying what is not supported: what is read behind a place, and references to groups; TooLarge
 */
export function readPattern(source: string, budget: Budget): Pattern {
  const reader: Reader = { input: [...source], budget, at: 0, depth: 0 }
  const found = alternatives(reader)
  if (reader.at < reader.input.length) throw new RegexError(`an unexpected "${next(reader)}"`)
  return found
}

function peek({ input, at }: Reader, ahead = 0): string | undefined {
  return input[at + ahead]
}

/** What comes next, for a message. */
function next({ input, at }: Reader): string {
  return input.slice(at, at + 12).join('')
}

function take(reader: Reader, expected: string): boolean {
  if (peek(reader) !== expected) return false
  reader.at++
  return true
}

/** Takes what `pattern` matches here, which is at most `most` characters. */
function takeMatch(reader: Reader, pattern: RegExp, most: number): RegExpExecArray | undefined {
  const found = pattern.exec(reader.input.slice(reader.at, reader.at + most).join(''))
  if (!found) return undefined
  reader.at += [...found[0]].length
  return found
}

function alternatives(reader: Reader): Pattern {
  const options: Pattern[] = []
  do {
    const parts: Pattern[] = []
    while (peek(reader) !== undefined && peek(reader) !== '|' && peek(reader) !== ')')
      parts.push(quantified(reader))
    const [only] = parts
    options.push(only !== undefined && parts.length === 1 ? only : { kind: 'sequence', parts })
  } while (take(reader, '|'))
  const [only] = options
  return only !== undefined && options.length === 1 ? only : { kind: 'choice', options }
}

function quantified(reader: Reader): Pattern {
  const part = atom(reader)
  const count = quantifier(reader)
  if (count === undefined) return part
  take(reader, '?') // Lazy or not, the language is the same.
  if (isAssertion(part) || quantifier(reader) !== undefined)
    throw new RegexError(`nothing to repeat before "${next(reader)}"`)
  const [min, max] = count
  return min === 1 && max === 1 ? part : { kind: 'repeat', part, min, max }
}

function isAssertion({ kind }: Pattern): boolean {
  return ['start', 'end', 'boundary', 'inside', 'ahead'].includes(kind)
}

function quantifier(reader: Reader): [number, number] | undefined {
  if (take(reader, '*')) return [0, Number.POSITIVE_INFINITY]
  if (take(reader, '+')) return [1, Number.POSITIVE_INFINITY]
  if (take(reader, '?')) return [0, 1]
  const found = takeMatch(reader, /^\{(\d+)(,(\d*))?\}/, 24)
  if (!found) return undefined
  const min = Number(found[1])
  const max = found[2] === undefined ? min : found[3] ? Number(found[3]) : Number.POSITIVE_INFINITY
  if (min > max) throw new RegexError(`numbers out of order in "${found[0]}"`)
  if (min > MOST_REPEATS) throw new RegexError(`"${found[0]}" repeats more than ${MOST_REPEATS} times`)
  return [min, max]
}

function atom(reader: Reader): Pattern {
  const char = peek(reader) ?? ''
  if (char === '(') return group(reader)
  if (char === '[') return oneOf(characterClass(reader))
  if (char === '\\') return escaped(reader)
  if ('*+?'.includes(char)) throw new RegexError(`nothing to repeat at "${next(reader)}"`)
  // To Python this is a count, to JavaScript without `u` a text.
  if (char === '{' && takeMatch(reader, /^\{,\d+\}/, 24))
    throw new RegexError('a count without its first number')
  reader.at++
  if (char === '^') return { kind: 'start' }
  if (char === '$') return { kind: 'end' }
  return char === '.' ? oneOf(NOT_LINE_END) : { kind: 'text', text: char }
}

function group(reader: Reader): Pattern {
  reader.at++
  if (++reader.depth > MOST_DEPTH) throw new RegexError(`groups nested deeper than ${MOST_DEPTH}`)
  const opening = peek(reader) === '?' ? takeMatch(reader, /^\?(?:[:=!]|P?<[A-Za-z_]\w*>)/, 80)?.[0] : ''
  if (opening === undefined) throw new RegexError(`lookbehind or flags: "(${next(reader)}"`)
  const part = alternatives(reader)
  if (!take(reader, ')')) throw new RegexError('a group that is not closed')
  reader.depth--
  return opening === '?=' || opening === '?!' ? { kind: 'ahead', part, negated: opening === '?!' } : part
}

function escaped(reader: Reader): Pattern {
  if (peek(reader, 1) === 'b' || peek(reader, 1) === 'B') {
    reader.at += 2
    return { kind: reader.input[reader.at - 1] === 'b' ? 'boundary' : 'inside' }
  }
  return oneOf(escapeSequence(reader))
}

function escapeSequence(reader: Reader): CharacterSet {
  reader.at++
  const { set, length } = escapedSet(reader.input.slice(reader.at, reader.at + 90).join(''), reader.budget)
  reader.at += length
  return set
}

function characterClass(reader: Reader): CharacterSet {
  reader.at++
  const negated = take(reader, '^')
  const sets: CharacterSet[] = []
  while (!take(reader, ']')) {
    const first = member(reader)
    if (peek(reader) === '-' && peek(reader, 1) !== ']') {
      reader.at++
      sets.push(spanned(first, member(reader)))
    } else sets.push(first)
  }
  reader.budget.spend(sets.reduce((ranges, set) => ranges + set.length, 0))
  return negated ? complement(union(...sets)) : union(...sets)
}

function spanned(first: CharacterSet, last: CharacterSet): CharacterSet {
  const [from, to] = [single(first), single(last)]
  if (from === undefined || to === undefined) return union(first, of('-'), last)
  if (from > to) throw new RegexError('a range out of order')
  return [[from, to]]
}

function member(reader: Reader): CharacterSet {
  const char = peek(reader)
  if (char === undefined) throw new RegexError('a class that is not closed')
  if (char === '\\' && peek(reader, 1) === 'b') {
    reader.at += 2
    return of('\b')
  }
  if (char === '\\') return escapeSequence(reader)
  reader.at++
  return of(char)
}

function oneOf(set: CharacterSet): Pattern {
  const point = single(set)
  return point === undefined
    ? { kind: 'characters', ranges: set }
    : { kind: 'text', text: String.fromCodePoint(point) }
}

function single(set: CharacterSet): number | undefined {
  const [range] = set
  return set.length === 1 && range !== undefined && range[0] === range[1] ? range[0] : undefined
}
