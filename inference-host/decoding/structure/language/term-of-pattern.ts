import { hasAssertion, mayBeEmpty, type Pattern, WORD } from './pattern.ts'
import { RegexError } from './regex-error.ts'
import { MANY, type Term } from './term.ts'
import type { Terms } from './terms.ts'

/**
 * What may follow at a place, which a `^` or `\b` there can make depend on what stands before it: nothing, a character of
 * a word, or another.
 */
type Following = { readonly first: Term; readonly word: Term; readonly other: Term }

/** Times that a part with a condition in it may be repeated: each is written out. */
const MOST_WRITTEN_OUT = 256

/**
 * The texts that a pattern matches: the `whole` of them, or texts in which it is found. Conditions become what they say
 * of the rest of the text, so that no text has to be read twice.
 * @throws RegexError where that can't be said
 */
export function termOfPattern(terms: Terms, pattern: Pattern, whole: boolean): Term {
  if (whole) return createReader(terms)(pattern, same(terms.EMPTY)).first
  const { first, word, other } = createReader(terms)(pattern, same(terms.ALL))
  if (word === other)
    return terms.or([first, first === word ? terms.then(terms.ALL, first) : later(terms, word)])
  const inWord = terms.set(terms.alphabet.bitsOf(WORD))
  const outside = terms.set(terms.alphabet.all & ~terms.alphabet.bitsOf(WORD))
  const onward = (): Term => terms.or([terms.then(inWord, afterWord), terms.then(outside, afterOther)])
  const afterWord: Term = terms.named(word.nullable, () => terms.or([word, onward()]))
  const afterOther: Term = terms.named(other.nullable, () => terms.or([other, onward()]))
  return terms.or([first, onward()])
}

/** Found after the first character. */
function later(terms: Terms, found: Term): Term {
  return terms.then(terms.repeat(terms.ANY, 1, MANY), found)
}

function same(term: Term): Following {
  return { first: term, word: term, other: term }
}

function each(what: (place: keyof Following) => Term): Following {
  return { first: what('first'), word: what('word'), other: what('other') }
}

type Read = (pattern: Pattern, rest: Following) => Following

/** Reads patterns from the end: each becomes what it and `rest` after it match. */
function createReader(terms: Terms): Read {
  const { alphabet } = terms
  const isSame = ({ first, word, other }: Following) => first === word && word === other

  function read(pattern: Pattern, rest: Following): Following {
    if (isSame(rest) && !hasAssertion(pattern)) return same(terms.then(plain(terms, pattern), rest.first))
    switch (pattern.kind) {
      case 'text':
        return [...pattern.text].reduceRight((following, char) => {
          const point = char.codePointAt(0) ?? 0
          return read({ kind: 'characters', ranges: [[point, point]] }, following)
        }, rest)
      case 'characters':
        return character(alphabet.bitsOf(pattern.ranges), rest)
      case 'sequence':
        return pattern.parts.reduceRight((following, part) => read(part, following), rest)
      case 'choice': {
        const options = pattern.options.map((option) => read(option, rest))
        return each((place) => terms.or(options.map((option) => option[place])))
      }
      case 'repeat':
        return repeated(pattern, rest)
      case 'start':
        return { first: rest.first, word: terms.NOTHING, other: terms.NOTHING }
      case 'end':
        return each((place) => terms.and([rest[place], terms.EMPTY]))
      case 'ahead': {
        const ahead = read(pattern.part, same(terms.ALL))
        return each((place) =>
          terms.and([pattern.negated ? terms.not(ahead[place]) : ahead[place], rest[place]]),
        )
      }
      case 'boundary':
      case 'inside':
        return boundary(pattern.kind === 'boundary', rest)
    }
  }

  function character(bits: bigint, rest: Following): Following {
    const isWord = wordBits()
    return same(
      terms.or([
        terms.then(terms.set(bits & isWord), rest.word),
        terms.then(terms.set(bits & ~isWord), rest.other),
      ]),
    )
  }

  /** Where nothing looks at words, every character is of the other kind. */
  function wordBits(): bigint {
    return alphabet.knows(WORD) ? alphabet.bitsOf(WORD) : 0n
  }

  function repeated({ part, min, max }: Extract<Pattern, { kind: 'repeat' }>, rest: Following): Following {
    if (mayBeEmpty(part)) throw new RegexError('a repeat of what may be empty beside a condition')
    if (min > MOST_WRITTEN_OUT || (max < MANY && max > MOST_WRITTEN_OUT))
      throw new RegexError(`a condition repeated more than ${MOST_WRITTEN_OUT} times`)
    let following = rest
    if (max === MANY) {
      const again: Following = each((place) =>
        terms.named(rest[place].nullable, () =>
          terms.or([rest[place], read(part, { ...again, first: terms.NOTHING })[place]]),
        ),
      )
      following = again
    } else
      for (let times = min; times < max; times++) {
        const once = read(part, following)
        following = each((place) => terms.or([rest[place], once[place]]))
      }
    for (let times = 0; times < min; times++) following = read(part, following)
    return following
  }

  function boundary(wanted: boolean, rest: Following): Following {
    const begins = terms.then(terms.set(alphabet.bitsOf(WORD)), terms.ALL)
    const ends = terms.not(begins)
    return {
      first: terms.and([wanted ? begins : ends, rest.first]),
      word: terms.and([wanted ? ends : begins, rest.word]),
      other: terms.and([wanted ? begins : ends, rest.other]),
    }
  }

  return read
}

/** A pattern without conditions. */
function plain(terms: Terms, pattern: Pattern): Term {
  const { alphabet } = terms
  switch (pattern.kind) {
    case 'text':
      return [...pattern.text].reduceRight((rest, char) => {
        const point = char.codePointAt(0) ?? 0
        return terms.then(terms.set(alphabet.bitsOf([[point, point]])), rest)
      }, terms.EMPTY)
    case 'characters':
      return terms.set(alphabet.bitsOf(pattern.ranges))
    case 'sequence':
      return pattern.parts.reduceRight((rest, part) => terms.then(plain(terms, part), rest), terms.EMPTY)
    case 'choice':
      return terms.or(pattern.options.map((option) => plain(terms, option)))
    case 'repeat':
      return terms.repeat(plain(terms, pattern.part), pattern.min, pattern.max)
    default:
      throw new Error('a condition where none is')
  }
}
