import type { Expression } from '../grammar/expression.ts'
import { ESCAPES, quoted } from '../grammar/json-text.ts'
import { type Path, refuse } from '../grammar/refusal.ts'
import { type Budget, createBudget, TooLarge } from '../language/budget.ts'
import { type Condition, fulfilmentOf, languageOf } from '../language/language.ts'
import { beginningOf, countOf, type Pattern } from '../language/pattern.ts'
import { readPattern } from '../language/read-pattern.ts'
import { patternOf, searchedPattern, wholePattern } from '../language/regex.ts'
import { RegexError } from '../language/regex-error.ts'
import type { Spelling } from '../language/spell.ts'
import { FORMATS } from './formats.ts'
import { lengthsOf, within } from './lengths.ts'

/** What a string has to be. */
export type TextRules = {
  /** Patterns that are found in it, and formats that it has. */
  readonly patterns: readonly string[]
  readonly formats: readonly string[]
  /** The same of what it must not be. */
  readonly notPatterns: readonly string[]
  readonly notFormats: readonly string[]
  /** Texts that it must not be. */
  readonly not: readonly string[]
  readonly min: number
  readonly max: number
}

/** Strings of one schema. What they take to compute comes out of one budget. */
export type Texts = {
  /**
   * The strings that fulfil `rules`, as JSON; undefined where there are none.
   * @param path The schema that asks for them.
   * @param patternAt Where the patterns stand, if not in its `pattern`.
   * @throws TwohopError `invalid_request` where a rule is not supported, or they are too much together.
   */
  written(rules: TextRules, path: Path, patternAt?: Path): Expression | undefined
  /** Whether two patterns are plainly never found in one text: each begins with a text of its own. */
  areApart(one: string, two: string): boolean
  /** Whether a text fulfils `rules`. @throws TwohopError */
  fulfilled(rules: TextRules, text: string, path: Path, patternAt?: Path): boolean
}

export const ANY_TEXT: TextRules = {
  patterns: [],
  formats: [],
  notPatterns: [],
  notFormats: [],
  not: [],
  min: 0,
  max: Number.POSITIVE_INFINITY,
}

/**
 * Steps that the first try may take which is given up for a smaller language. After each that was given up it is half as
 * many, so that a schema of several such strings is not refused for the tries of its first.
 */
const TRY_STEPS = 120_000
const LEAST_STEPS = 30_000
/** A length beyond this is not counted, where a pattern can be cut to it instead. */
const MOST_COUNTED = 256

/** Characters of texts that are written where longer ones are too much to be followed. */
const FEW = 32

const JSON_STRING: Spelling = { quote: '"', escapes: ESCAPES }

export function createTexts(budget: Budget): Texts {
  const known = new Map<string, Expression | undefined>()
  const fulfilments = new Map<string, (text: string) => boolean>()
  const patterns = new Map<string, Pattern>()
  let patience = TRY_STEPS

  function read(source: string): Pattern {
    const present = patterns.get(source) ?? readPattern(source, budget)
    patterns.set(source, present)
    return present
  }

  function conditionsOf(rules: TextRules, formatOf: (format: string) => string): Condition[] {
    const pattern = (source: string, whole: boolean, negated: boolean): Condition => ({
      kind: 'pattern',
      pattern: read(source),
      whole,
      negated,
    })
    const { min, max } = rules
    return [
      ...rules.formats.map((format) => pattern(formatOf(format), true, false)),
      ...rules.patterns.map((source) => ({
        ...pattern(source, false, false),
        pattern: uncounted(read(source)),
      })),
      ...rules.notPatterns.map((source) => pattern(source, false, true)),
      ...rules.notFormats.map((format) => pattern(readAs(format), true, true)),
      ...rules.not.map(
        (text): Condition => ({
          kind: 'pattern',
          pattern: { kind: 'text', text },
          whole: true,
          negated: true,
        }),
      ),
      ...(hasLengths(rules) ? [{ kind: 'lengths', min, max } as const] : []),
    ]
  }

  /** An expression of the only pattern or format, where there is one without conditions. */
  function single(rules: TextRules): Expression | undefined {
    const negated = rules.notPatterns.length + rules.notFormats.length + rules.not.length
    if (negated > 0 || rules.patterns.length + rules.formats.length !== 1) return undefined
    const [pattern] = rules.patterns
    if (pattern !== undefined) return searchedPattern(read(pattern))
    return wholePattern(read(writtenAs(rules.formats[0] ?? '')))
  }

  function make(rules: TextRules): Expression | undefined {
    return usual(rules) ?? leftOver(rules)
  }

  /** What a pattern leaves of all that a format has, where it leaves nothing of what is written of it elsewhere. */
  function leftOver(asked: TextRules): Expression | undefined {
    if (asked.patterns.length === 0 || !asked.formats.some((format) => FORMATS.get(format)?.leftOver))
      return undefined
    const { max, ...rules } = withCounts(asked)
    try {
      const all = conditionsOf({ ...rules, max: Number.POSITIVE_INFINITY }, leftOverAs)
      return languageOf(all, JSON_STRING, createBudget(patience, budget), max)
    } catch (error) {
      if (error instanceof TooLarge) return undefined
      throw error
    }
  }

  function usual(asked: TextRules): Expression | undefined {
    const simple = single(asked)
    const lengths = simple && lengthsOf(simple)
    if (simple && lengths && lengths.min >= asked.min && lengths.max <= asked.max) return quoted(simple)
    const rules = withCounts(asked)
    const { min, max } = rules
    const formatOf = rules.patterns.length > 0 ? besideAs : writtenAs
    const least = (of: TextRules) => ({ ...of, max: Number.POSITIVE_INFINITY })
    const tries: (() => [Condition[], number])[] = [
      () => [conditionsOf(least(rules), formatOf), max],
      ...(shortened(rules)
        ? [(): [Condition[], number] => [conditionsOf(least(rules), shortAs), longestOf(rules)]]
        : []),
      ...(simple || !hasLengths(rules) ? [] : [(): [Condition[], number] => [cutConditions(rules), max]]),
      // Counts of patterns that have to be told apart are fewer in few characters.
      ...(simple || min > FEW || max <= FEW
        ? []
        : [(): [Condition[], number] => [conditionsOf({ ...rules, max: FEW }, formatOf), FEW]]),
    ]
    if (min <= (simple ? MOST_COUNTED : MOST_COUNTED * 8))
      for (const conditions of tries) {
        const own = conditions === tries.at(-1) ? budget : createBudget(patience, budget)
        try {
          const [all, most] = conditions()
          return languageOf(all, JSON_STRING, own, most)
        } catch (error) {
          if (!(error instanceof TooLarge)) throw error
          patience = Math.max(LEAST_STEPS, patience / 2)
        }
      }
    const cut = simple && within(simple, min, max)
    if (simple === undefined) throw new TooLarge()
    return cut && quoted(cut)
  }

  /** The rules with what patterns count of the whole text taken for its lengths, which take no places. */
  function withCounts(rules: TextRules): TextRules {
    const counts = rules.patterns.flatMap((source) => countOf(read(source)) ?? [])
    return {
      ...rules,
      min: Math.max(rules.min, ...counts.map(({ min }) => min)),
      max: Math.min(rules.max, ...counts.map(({ max }) => max)),
    }
  }

  /** Whether all formats have a form without counts, and texts of few enough characters for it are long enough. */
  function shortened(rules: TextRules): boolean {
    const shorts = rules.formats.flatMap((format) => FORMATS.get(format)?.short ?? [])
    return shorts.length > 0 && shorts.length === rules.formats.length && rules.min <= longestOf(rules)
  }

  function longestOf(rules: TextRules): number {
    return Math.min(
      rules.max,
      ...rules.formats.flatMap((format) => FORMATS.get(format)?.short?.longest ?? []),
    )
  }

  /** Conditions in which the first format is cut to the lengths, and does for them. */
  function cutConditions(rules: TextRules): Condition[] {
    const [format, ...formats] = rules.formats
    const whole = format === undefined ? undefined : wholePattern(read(writtenAs(format)))
    const cut = whole && within(whole, rules.min, rules.max)
    if (cut === undefined) throw new TooLarge()
    const others = conditionsOf({ ...rules, formats, min: 0, max: Number.POSITIVE_INFINITY }, writtenAs)
    return [{ kind: 'pattern', pattern: patternOf(cut), whole: true, negated: false }, ...others]
  }

  /** What tells whether a text fulfils `rules`. Made once for them: long lists of values are held against the same. */
  function fulfilment(rules: TextRules): (text: string) => boolean {
    const key = JSON.stringify(rules)
    const present = fulfilments.get(key) ?? fulfilmentOf(conditionsOf(withCounts(rules), readAs), budget)
    fulfilments.set(key, present)
    return present
  }

  function refused<T>(rules: TextRules, path: Path, patternAt: Path, compute: () => T): T {
    try {
      return compute()
    } catch (error) {
      const ofPattern = rules.patterns.length + rules.notPatterns.length > 0
      const at = ofPattern ? patternAt : [...path, 'format']
      const keyword = at.at(-1)
      if (error instanceof RegexError)
        throw refuse(at, `The "${keyword}" is not supported: ${error.message}.`)
      if (error instanceof TooLarge)
        throw refuse(at, `The "${keyword}" is too large to be followed with what stands beside it.`)
      throw error
    }
  }

  return {
    written(rules, path, patternAt = [...path, 'pattern']) {
      const key = JSON.stringify(rules)
      if (!known.has(key))
        known.set(
          key,
          refused(rules, path, patternAt, () => make(rules)),
        )
      return known.get(key)
    },
    areApart(one, two) {
      try {
        const [a, b] = [beginningOf(read(one)), beginningOf(read(two))]
        return a !== undefined && b !== undefined && !a.startsWith(b) && !b.startsWith(a)
      } catch (error) {
        // What is wrong with it is said where it is read for more than this.
        if (error instanceof RegexError) return false
        throw error
      }
    },
    fulfilled: (rules, text, path, patternAt = [...path, 'pattern']) =>
      isPlain(rules)
        ? isOfLengths(text, rules)
        : refused(rules, path, patternAt, () => fulfilment(rules)(text)),
  }
}

/** Whether nothing but its length is asked of a text. */
function isPlain({ patterns, formats, notPatterns, notFormats, not }: TextRules): boolean {
  return [patterns, formats, notPatterns, notFormats, not].every((rules) => rules.length === 0)
}

/** At least so many code points, at most so many UTF-16 units. */
function isOfLengths(text: string, { min, max }: TextRules): boolean {
  return text.length <= max && text.length >= min && (min === 0 || [...text].length >= min)
}

/** A pattern without what it counts of the whole text. */
function uncounted(pattern: Pattern): Pattern {
  const counted = countOf(pattern)
  if (counted === undefined) return pattern
  const any = { ...counted, min: 0, max: Number.POSITIVE_INFINITY }
  return { kind: 'sequence', parts: [{ kind: 'start' }, any, { kind: 'end' }] }
}

function hasLengths({ min, max }: TextRules): boolean {
  return min > 0 || max < Number.POSITIVE_INFINITY
}

/** What is written for a format. */
function writtenAs(format: string): string {
  return FORMATS.get(format)?.written ?? ''
}

/** What is written for one beside a pattern. */
function besideAs(format: string): string {
  return FORMATS.get(format)?.beside ?? writtenAs(format)
}

function shortAs(format: string): string {
  return FORMATS.get(format)?.short?.written ?? ''
}

function leftOverAs(format: string): string {
  return FORMATS.get(format)?.leftOver ?? besideAs(format)
}

/** What is taken for one. */
function readAs(format: string): string {
  return FORMATS.get(format)?.read ?? ''
}
