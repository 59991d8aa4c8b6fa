/**
 * What an answer may look like, as a context-free grammar over Unicode characters. Everything that a client can ask
 * for (a JSON schema, tools, a regular expression, EBNF) is turned into one of these; all of it is plain data.
 */
export type Expression =
  | { readonly kind: 'text'; readonly text: string }
  /** One character of a set, as sorted, disjoint ranges of code points, both ends included. */
  | { readonly kind: 'characters'; readonly ranges: readonly Range[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly kind: 'choice'; readonly options: readonly Expression[] }
  /**
   * `part`, at least `min` and at most `max` times (`max` may be Infinity). `double` may stand for it, and counts as two
   * towards `max`.
   */
  | {
      readonly kind: 'repeat'
      readonly part: Expression
      readonly double?: Expression
      readonly min: number
      readonly max: number
    }
  | { readonly kind: 'rule'; readonly name: string }
  /** Texts as moves by bytes, with the form of a program's leaf. They may be endless, unless they are counted. */
  | {
      readonly kind: 'machine'
      readonly moves: readonly (readonly number[])[]
      readonly counted?: Counted | undefined
    }

/**
 * Texts of at most `most` UTF-16 units. Each byte counts that leads on from one of the states between `first` and `end`, at
 * which a character begins.
 */
export type Counted = { readonly most: number; readonly first: number; readonly end: number }

/** How many UTF-16 units the character has that begins with this byte of UTF-8. */
export function unitsOf(byte: number): number {
  return byte >= 0xf0 ? 2 : 1
}

export type Range = readonly [first: number, last: number]

/**
 * Rules by name; an answer is what `root` stands for. `oneCall`, where it is there, is what it stands for with a model that has
 * not learned to call tools.
 */
export type Grammar = {
  readonly root: Expression
  readonly oneCall?: Expression
  readonly rules: ReadonlyMap<string, Expression>
}

export const EMPTY: Expression = { kind: 'sequence', parts: [] }

export function text(value: string): Expression {
  return value === '' ? EMPTY : { kind: 'text', text: value }
}

export function characters(ranges: readonly Range[]): Expression {
  return { kind: 'characters', ranges }
}

export function rule(name: string): Expression {
  return { kind: 'rule', name }
}

/** One after the other. Neighbouring texts become one, because the tokens of one text are counted together. */
export function sequence(...parts: readonly Expression[]): Expression {
  const flat: Expression[] = []
  const add = (part: Expression) => {
    const last = flat.at(-1)
    if (part.kind === 'text' && last?.kind === 'text') flat[flat.length - 1] = text(last.text + part.text)
    else flat.push(part)
  }
  for (const part of parts) {
    if (part.kind === 'sequence') for (const one of part.parts) add(one)
    else add(part)
  }
  const [only] = flat
  return only !== undefined && flat.length === 1 ? only : { kind: 'sequence', parts: flat }
}

/** Any one of `options`. There is at least one. */
export function choice(options: readonly Expression[]): Expression {
  const [only] = options
  return only !== undefined && options.length === 1 ? only : { kind: 'choice', options }
}

export function repeat(part: Expression, min: number, max: number): Expression {
  if (max === 0) return EMPTY
  return min === 1 && max === 1 ? part : { kind: 'repeat', part, min, max }
}

export function optional(part: Expression): Expression {
  return repeat(part, 0, 1)
}

/** `first`, then more of `part`, each after `separator`; `min` to `max` in all. */
export function separated(part: Expression, separator: Expression, min: number, max: number): Expression {
  if (max === 0) return EMPTY
  const some = sequence(part, repeat(sequence(separator, part), Math.max(0, min - 1), max - 1))
  return min === 0 ? optional(some) : some
}
