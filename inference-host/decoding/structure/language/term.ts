/**
 * A language: a set of texts over an alphabet's classes. Equal terms are the same object, and so are many that only look
 * different, which keeps the languages that are left after a text few. (J. Brzozowski, "Derivatives of Regular
 * Expressions", 1964; S. Owens, J. Reppy and A. Turon, "Regular-expression derivatives re-examined", 2009.)
 */
export type Term = { readonly id: number; readonly shape: Shape } & Facts

export type Facts = {
  /** Whether the empty text is in it. */
  readonly nullable: boolean
  /** Texts that surely hold all of it. */
  readonly within: Wide
  /** Texts that it surely holds all of. */
  readonly holds: Wide | undefined
}

/**
 * All texts of characters of these classes, with as many characters. The classes are bits of a small number, several to a
 * bit where there are many: an alphabet's `some` or `every` of them.
 */
export type Wide = { readonly made: number; readonly shortest: number; readonly longest: number }

export type Shape =
  | { readonly kind: 'empty' | 'nothing' }
  | { readonly kind: 'set'; readonly bits: bigint }
  | { readonly kind: 'then'; readonly first: Term; readonly rest: Term }
  | { readonly kind: 'or' | 'and'; readonly parts: readonly Term[] }
  | { readonly kind: 'not'; readonly part: Term }
  | { readonly kind: 'repeat'; readonly part: Term; readonly min: number; readonly max: number }
  /** What `define` gives; it may refer to this term after a character. */
  | { readonly kind: 'named'; readonly define: () => Term }
  /** At most so many UTF-16 units. */
  | { readonly kind: 'units'; readonly left: number }
  | Multiple

/**
 * Digits, with a point or without, of a multiple of `of` units, where a unit is the last of `decimals` digits after the
 * point. `rest` is what is left of the digits so far, as far as the next digit needs it; `at` is how many of them came
 * after the point; -1 is before it.
 */
export type Multiple = {
  readonly kind: 'multiple'
  readonly of: number
  readonly decimals: number
  readonly rest: number
  readonly at: number
}

export const MANY = Number.POSITIVE_INFINITY

/** Of a term of `all` classes of which no more is known. */
export function unknownFacts(all: number, nullable: boolean): Facts {
  return {
    nullable,
    within: { made: all, shortest: nullable ? 0 : 1, longest: MANY },
    holds: undefined,
  }
}

export function thenFacts(first: Term, rest: Term): Facts {
  const [a, b] = [first.within, rest.within]
  return {
    nullable: first.nullable && rest.nullable,
    within: { made: a.made | b.made, shortest: a.shortest + b.shortest, longest: a.longest + b.longest },
    holds: heldThen(first, rest),
  }
}

function heldThen(first: Term, rest: Term): Wide | undefined {
  const [a, b] = [first.holds, rest.holds]
  if (rest.nullable && a !== undefined) return a
  if (a !== undefined && b !== undefined && (a.made & b.made) !== 0)
    return { made: a.made & b.made, shortest: a.shortest + b.shortest, longest: a.longest + b.longest }
  return first.nullable ? b : undefined
}

export function repeatFacts(part: Term, min: number, max: number): Facts {
  const { made, shortest, longest } = part.within
  return {
    nullable: min === 0,
    within: { made, shortest: shortest * min, longest: longest === 0 ? 0 : longest * max },
    holds:
      part.shape.kind === 'set'
        ? part.holds && { made: part.holds.made, shortest: min, longest: max }
        : min <= 1
          ? part.holds
          : undefined,
  }
}

export function orFacts(parts: readonly Term[]): Facts {
  let nullable = false
  let made = 0
  let shortest = MANY
  let longest = 0
  let holds: Wide | undefined
  for (const part of parts) {
    nullable ||= part.nullable
    made |= part.within.made
    shortest = Math.min(shortest, part.within.shortest)
    longest = Math.max(longest, part.within.longest)
    holds = wider(holds, part.holds)
  }
  return { nullable, within: { made, shortest, longest }, holds }
}

function wider(a: Wide | undefined, b: Wide | undefined): Wide | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return b.longest - b.shortest > a.longest - a.shortest ? b : a
}

/** What holds for every text that all of `parts` but `without` have. */
export function common(parts: readonly Term[], all: number, without?: Term): Wide {
  let made = all
  let shortest = 0
  let longest = MANY
  for (const part of parts) {
    if (part === without) continue
    made &= part.within.made
    shortest = Math.max(shortest, part.within.shortest)
    longest = Math.min(longest, part.within.longest)
  }
  return { made, shortest, longest }
}

/** Leaves out each part that holds for every text that the others have in common. */
export function withoutImplied(parts: readonly Term[], all: number): readonly Term[] {
  let left = parts
  for (const part of parts) {
    const { holds } = part
    if (holds === undefined || left.length < 2) continue
    const { made, shortest, longest } = common(left, all, part)
    if (shortest >= holds.shortest && longest <= holds.longest && (made & ~holds.made) === 0)
      left = left.filter((one) => one !== part)
  }
  return left
}

/** The parts of parts of the same kind, each once and in order; undefined where one of them settles the whole. */
export function joined(
  kind: 'or' | 'and',
  all: readonly Term[],
  neutral: Term,
  settled: Term,
): readonly Term[] | undefined {
  const flat: Term[] = []
  let negations = false
  for (const one of all) {
    if (one === settled) return undefined
    if (one === neutral) continue
    const { shape } = one
    negations ||= shape.kind === 'not'
    if (shape.kind === kind && 'parts' in shape) for (const part of shape.parts) flat.push(part)
    else flat.push(one)
  }
  flat.sort((a, b) => a.id - b.id)
  const found = flat.filter((one, place) => one !== flat[place - 1])
  if (negations && found.some(({ shape }) => shape.kind === 'not' && found.includes(shape.part)))
    return undefined
  return found
}
