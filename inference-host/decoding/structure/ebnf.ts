import { type CharacterSet, complement, intersection, of, union, WRITABLE } from './grammar/characters.ts'
import {
  characters,
  choice,
  type Expression,
  type Grammar,
  repeat,
  rule,
  sequence,
  text,
} from './grammar/expression.ts'

/** A place in a grammar, from 1. */
type Place = { line: number; column: number }

/** Why a grammar is not supported, and where. It repeats no word of the grammar: errors hold nothing of what was asked. */
export class EbnfError extends Error {
  constructor(message: string, { line, column }: Place) {
    super(`line ${line}, column ${column}: ${message}`)
  }
}

const TOKEN =
  /([ \t]+)|(#[^\n]*)|(\r?\n)|([A-Za-z_][\w.-]*)|(::=)|("(?:[^"\\\n]|\\.)*")|(\[(?:[^\]\\\n]|\\.)*\])|(\{\d+(?:,\d*)?\})|([()|*+?])/y
const KINDS = ['space', 'comment', 'line', 'name', 'is', 'text', 'class', 'count', 'sign'] as const
type Token = { kind: (typeof KINDS)[number]; value: string; place: Place }

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '0': '\0' }
const MOST_DEPTH = 32
const BEGIN: Place = { line: 1, column: 1 }

/**
 * Reads a grammar in the EBNF that xgrammar, and so vLLM's `grammar`, takes: rules `name ::= expression`, texts in
 * double quotes, classes in brackets, `|`, `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`, groups, `#` comments; the answer
 * is the rule `root`.
 * @throws EbnfError
 */
export function parseEbnf(source: string): Grammar {
  const tokens = tokenize(source)
  const rules = new Map<string, Expression>()
  const used = new Map<string, Place>()
  let at = 0
  let depth = 0

  /** A rule goes on over lines until the next `name ::=`. */
  const starts = () => tokens[at]?.kind === 'name' && tokens[at + 1]?.kind === 'is'
  const place = () => tokens[Math.min(at, tokens.length - 1)]?.place ?? BEGIN
  const sign = (value: string) => tokens[at]?.kind === 'sign' && tokens[at]?.value === value

  function expression(): Expression {
    const options = [series()]
    while (sign('|')) {
      at++
      options.push(series())
    }
    return choice(options)
  }

  function series(): Expression {
    const parts: Expression[] = []
    while (at < tokens.length && !starts() && !sign('|') && !sign(')')) parts.push(counted())
    return sequence(...parts)
  }

  function counted(): Expression {
    let one = atom()
    for (;;) {
      const token = tokens[at]
      if (token?.kind === 'count') {
        const [min = '', max] = token.value.slice(1, -1).split(',')
        const most = max === undefined ? Number(min) : max === '' ? Number.POSITIVE_INFINITY : Number(max)
        if (Number(min) > most) throw new EbnfError('numbers out of order', token.place)
        one = repeat(one, Number(min), most)
      } else if (sign('*')) one = repeat(one, 0, Number.POSITIVE_INFINITY)
      else if (sign('+')) one = repeat(one, 1, Number.POSITIVE_INFINITY)
      else if (sign('?')) one = repeat(one, 0, 1)
      else return one
      at++
    }
  }

  function atom(): Expression {
    const token = tokens[at]
    if (token?.kind === 'name') {
      at++
      if (!used.has(token.value)) used.set(token.value, token.place)
      return rule(token.value)
    }
    if (token?.kind === 'text') {
      at++
      return text(unescaped(token.value.slice(1, -1), token.place).join(''))
    }
    if (token?.kind === 'class') {
      at++
      return characterClass(token)
    }
    if (!sign('(')) throw new EbnfError(`an unexpected "${token?.value ?? 'end'}"`, place())
    at++
    if (++depth > MOST_DEPTH) throw new EbnfError(`groups nested deeper than ${MOST_DEPTH}`, place())
    const inner = expression()
    if (!sign(')')) throw new EbnfError('a group that is not closed', place())
    at++
    depth--
    return inner
  }

  while (at < tokens.length) {
    const name = tokens[at]
    if (name === undefined || !starts()) throw new EbnfError('expected "name ::="', place())
    at += 2
    if (rules.has(name.value)) throw new EbnfError('a rule that is defined before', name.place)
    rules.set(name.value, expression())
    if (sign(')')) throw new EbnfError('a ")" too many', place())
  }
  for (const [name, where] of used)
    if (!rules.has(name)) throw new EbnfError('a rule that is not defined', where)
  if (!rules.has('root')) throw new EbnfError('there is no rule "root"', BEGIN)
  return { root: rule('root'), rules }
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  /** Where the line begins. */
  let start = 0
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const from = TOKEN.lastIndex
    const found = TOKEN.exec(source)
    const place = { line, column: from - start + 1 }
    if (!found) throw new EbnfError('something that begins no part of a rule', place)
    const kind = KINDS[found.slice(1).findIndex((group) => group !== undefined)] ?? 'space'
    if (kind === 'line') {
      line++
      start = TOKEN.lastIndex
    } else if (kind !== 'space' && kind !== 'comment') tokens.push({ kind, value: found[0], place })
  }
  return tokens
}

/** The characters of a text or class, each with its escape undone. */
function unescaped(source: string, place: Place): string[] {
  const pattern = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|(.)/gsu
  return [...source.matchAll(pattern)].map((found) => {
    const code = found[1] ?? found[2] ?? found[3]
    const literal = found[4] === undefined ? (found[5] ?? '') : (ESCAPES[found[4]] ?? found[4])
    if (code === undefined && found[4] !== undefined && /[\w]/.test(found[4]) && !(found[4] in ESCAPES))
      throw new EbnfError(`"\\${found[4]}" is not supported`, place)
    const char = code === undefined ? literal : fromCode(Number.parseInt(code, 16), place)
    if (intersection(of(char), WRITABLE).length === 0)
      throw new EbnfError('a control character, which no answer can hold', place)
    return char
  })
}

function fromCode(code: number, place: Place): string {
  if (code > 0x10ffff) throw new EbnfError('a code point beyond U+10FFFF', place)
  return String.fromCodePoint(code)
}

function characterClass({ value, place }: Token): Expression {
  const negated = value.startsWith('[^')
  const sets: CharacterSet[] = []
  const source = value.slice(negated ? 2 : 1, -1)
  // An escaped "-" is a member, a bare one between two members makes a range.
  const pattern =
    /(\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|.)(?:-(\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|.))?/gsu
  for (const [, first = '', last] of source.matchAll(pattern)) {
    const from = point(first, place)
    const to = last === undefined ? from : point(last, place)
    if (from > to) throw new EbnfError('a range out of order', place)
    sets.push([[from, to]])
  }
  const set = intersection(negated ? complement(union(...sets)) : union(...sets), WRITABLE)
  if (set.length === 0) throw new EbnfError('a class of characters that no answer can hold', place)
  return characters(set)
}

/** The code point of a member of a class, controls included: in `[^\x00-\x1f]` they are what is ruled out. */
function point(source: string, place: Place): number {
  const code = /^\\[xuU]([0-9a-fA-F]+)$/.exec(source)?.[1]
  if (code !== undefined) return Number.parseInt(code, 16)
  const char = source.startsWith('\\') ? (ESCAPES[source.slice(1)] ?? source.slice(1)) : source
  if (source.startsWith('\\') && /[\w]/.test(source.slice(1)) && !(source.slice(1) in ESCAPES))
    throw new EbnfError(`"${source}" is not supported`, place)
  return char.codePointAt(0) ?? 0
}
