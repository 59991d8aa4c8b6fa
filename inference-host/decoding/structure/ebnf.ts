import { type CharacterSet, complement, intersection, of, union, WRITABLE } from './characters.ts'
import {
  characters,
  choice,
  type Expression,
  type Grammar,
  repeat,
  rule,
  sequence,
  text,
} from './expression.ts'

/** Why a grammar is not supported, and on which line (from 1). */
export class EbnfError extends Error {
  constructor(message: string, line: number) {
    super(`line ${line}: ${message}`)
  }
}

const TOKEN =
  /([ \t]+)|(#[^\n]*)|(\r?\n)|([A-Za-z_][\w.-]*)|(::=)|("(?:[^"\\\n]|\\.)*")|(\[(?:[^\]\\\n]|\\.)*\])|(\{\d+(?:,\d*)?\})|([()|*+?])/y
const KINDS = ['space', 'comment', 'line', 'name', 'is', 'text', 'class', 'count', 'sign'] as const
type Token = { kind: (typeof KINDS)[number]; value: string; line: number }

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '0': '\0' }
const MOST_DEPTH = 32

/**
 * Reads a grammar in the EBNF that xgrammar, and so vLLM's `grammar`, takes: rules `name ::= expression`, texts in
 * double quotes, classes in brackets, `|`, `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`, groups, `#` comments; the answer
 * is the rule `root`.
 * @throws EbnfError
 */
export function parseEbnf(source: string): Grammar {
  const tokens = tokenize(source)
  const rules = new Map<string, Expression>()
  const used = new Map<string, number>()
  let at = 0
  let depth = 0

  /** A rule goes on over lines until the next `name ::=`. */
  const starts = () => tokens[at]?.kind === 'name' && tokens[at + 1]?.kind === 'is'
  const line = () => tokens[Math.min(at, tokens.length - 1)]?.line ?? 1
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
        if (Number(min) > most) throw new EbnfError(`numbers out of order in ${token.value}`, token.line)
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
      if (!used.has(token.value)) used.set(token.value, token.line)
      return rule(token.value)
    }
    if (token?.kind === 'text') {
      at++
      return text(unescaped(token.value.slice(1, -1), token.line).join(''))
    }
    if (token?.kind === 'class') {
      at++
      return characterClass(token)
    }
    if (!sign('(')) throw new EbnfError(`an unexpected "${token?.value ?? 'end'}"`, line())
    at++
    if (++depth > MOST_DEPTH) throw new EbnfError(`groups nested deeper than ${MOST_DEPTH}`, line())
    const inner = expression()
    if (!sign(')')) throw new EbnfError('a group that is not closed', line())
    at++
    depth--
    return inner
  }

  while (at < tokens.length) {
    const name = tokens[at]
    if (name === undefined || !starts())
      throw new EbnfError(`expected "name ::=" at "${name?.value}"`, line())
    at += 2
    if (rules.has(name.value)) throw new EbnfError(`"${name.value}" is defined twice`, name.line)
    rules.set(name.value, expression())
    if (sign(')')) throw new EbnfError('a ")" too many', line())
  }
  for (const [name, at] of used) if (!rules.has(name)) throw new EbnfError(`"${name}" is not defined`, at)
  if (!rules.has('root')) throw new EbnfError('there is no rule "root"', 1)
  return { root: rule('root'), rules }
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const from = TOKEN.lastIndex
    const found = TOKEN.exec(source)
    if (!found) throw new EbnfError(`an unexpected "${source.slice(from, from + 12)}"`, line)
    const kind = KINDS[found.slice(1).findIndex((group) => group !== undefined)] ?? 'space'
    if (kind === 'line') line++
    else if (kind !== 'space' && kind !== 'comment') tokens.push({ kind, value: found[0], line })
  }
  return tokens
}

/** The characters of a text or class, each with its escape undone. */
function unescaped(source: string, line: number): string[] {
  const pattern = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|(.)/gsu
  return [...source.matchAll(pattern)].map((found) => {
    const code = found[1] ?? found[2] ?? found[3]
    const literal = found[4] === undefined ? (found[5] ?? '') : (ESCAPES[found[4]] ?? found[4])
    if (code === undefined && found[4] !== undefined && /[\w]/.test(found[4]) && !(found[4] in ESCAPES))
      throw new EbnfError(`"\\${found[4]}" is not supported`, line)
    const char = code === undefined ? literal : fromCode(Number.parseInt(code, 16), line)
    if (intersection(of(char), WRITABLE).length === 0)
      throw new EbnfError('a control character, which no answer can hold', line)
    return char
  })
}

function fromCode(code: number, line: number): string {
  if (code > 0x10ffff) throw new EbnfError('a code point beyond U+10FFFF', line)
  return String.fromCodePoint(code)
}

function characterClass({ value, line }: Token): Expression {
  const negated = value.startsWith('[^')
  const sets: CharacterSet[] = []
  const source = value.slice(negated ? 2 : 1, -1)
  // An escaped "-" is a member, a bare one between two members makes a range.
  const pattern =
    /(\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|.)(?:-(\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|.))?/gsu
  for (const [, first = '', last] of source.matchAll(pattern)) {
    const from = point(first, line)
    const to = last === undefined ? from : point(last, line)
    if (from > to) throw new EbnfError('a range out of order', line)
    sets.push([[from, to]])
  }
  const set = intersection(negated ? complement(union(...sets)) : union(...sets), WRITABLE)
  if (set.length === 0) throw new EbnfError('a class of characters that no answer can hold', line)
  return characters(set)
}

/** The code point of a member of a class, controls included: in `[^\x00-\x1f]` they are what is ruled out. */
function point(source: string, line: number): number {
  const code = /^\\[xuU]([0-9a-fA-F]+)$/.exec(source)?.[1]
  if (code !== undefined) return Number.parseInt(code, 16)
  const char = source.startsWith('\\') ? (ESCAPES[source.slice(1)] ?? source.slice(1)) : source
  if (source.startsWith('\\') && /[\w]/.test(source.slice(1)) && !(source.slice(1) in ESCAPES))
    throw new EbnfError(`"${source}" is not supported`, line)
  return char.codePointAt(0) ?? 0
}
