import type { Tokens } from './plain-tokenizer.ts'

/** What a tokenizer splits a text into: added tokens as they are, and words that are still to be made into tokens. */
type Found = string | { words: readonly string[] }

/** The characters after which others have the thread: a millisecond of work, five at worst. */
const SLICE = 2048
/**
 * The characters of a word that are made into tokens together. The time that this takes grows faster than the word, and
 * no language has such words: a longer one is cut.
 */
const LONGEST_WORD = 2048

/** Pieces of a text, the milliseconds that they took, and whether they are its last. */
export type Slice = { pieces: string[]; ms: number; last: boolean }

/**
 * The pieces of a text, slice by slice. Where it is short there is one slice, and no pause.
 * @param section the place of the text between marks, from 0 on; some tokenizers put a space before the first alone
 * @param inParts whether a text may be split into words part by part; some tokenizers change the beginning of each
 */
export async function* wordsOf(
  tokens: Tokens,
  text: string,
  section: number,
  inParts: boolean,
): AsyncGenerator<Slice> {
  if (text.length > SLICE) await turn()
  let began = performance.now()
  let pieces: string[] = []
  let words: string[] = []
  let characters = 0

  function slice(last: boolean): Slice {
    if (words.length > 0) pieces = pieces.concat(tokens.model?.(words) ?? words)
    const ended = performance.now()
    const made = { pieces, ms: ended - began, last }
    began = ended
    pieces = []
    words = []
    characters = 0
    return made
  }

  for (const part of inParts ? partsOf(text) : [text])
    for (const found of split(tokens, part, section)) {
      if (typeof found === 'string') {
        pieces = pieces.concat(tokens.model?.(words) ?? words, found)
        words = []
        continue
      }
      for (const word of found.words.flatMap((whole) => cut(tokens, whole))) {
        words.push(word)
        characters += word.length
        if (characters < SLICE) continue
        yield slice(false)
        await turn()
        began = performance.now()
      }
    }
  yield slice(true)
}

/** The fewest characters of a long text that are split into words together. Twice as many are the most. */
const PART = 4096
/**
 * Where a word ends by any tokenizer's rules: before a space between two words, and before a sign behind a letter (not
 * an apostrophe, which may belong to the word).
 */
const BETWEEN_WORDS = /\S(?= \S)|\p{L}(?=[^\s\p{L}\p{N}\p{M}'’_])/u

/** A text in parts. One without a place between words for so long that no language has such is cut where it is. */
function* partsOf(text: string): Generator<string> {
  let begun = 0
  while (text.length - begun > 2 * PART) {
    const found = BETWEEN_WORDS.exec(text.slice(begun + PART, begun + 2 * PART))
    const length =
      found === null
        ? lastCharacter(text.slice(begun, begun + 2 * PART))
        : PART + found.index + found[0].length
    yield text.slice(begun, begun + length)
    begun += length
  }
  yield text.slice(begun)
}

/** All that a tokenizer does to a text before it makes tokens of words. */
function split(tokens: Tokens, text: string, section: number): Found[] {
  const { pre_tokenizer: pre } = tokens
  const reader: Tokens = Object.assign(Object.create(tokens), {
    model: (words: readonly string[]) => [{ words }],
    pre_tokenizer:
      pre &&
      ((one: string, options: { section_index: number }) =>
        pre.pre_tokenize(one, { ...options, section_index: options.section_index + section })),
  })
  // Private to the library. It takes the two parts above from `this`.
  return Reflect.apply(Reflect.get(tokens, 'encode_text'), reader, [text]) ?? []
}

/**
 * A word as it is, or in parts where it is too long. To some tokenizers a whole text is one word: it is cut before a
 * space then, which begins a token in any case. Word pieces are quick, and a long word is one that is unknown.
 */
function cut({ model }: Tokens, word: string): string[] {
  if (word.length <= LONGEST_WORD || Reflect.has(model ?? {}, 'max_input_chars_per_word')) return [word]
  const parts: string[] = []
  for (let at = 0; at < word.length; ) {
    const part = word.slice(at, at + LONGEST_WORD)
    const whole = at + part.length === word.length
    const length = whole ? part.length : (lastSpace(part) ?? lastCharacter(part))
    parts.push(part.slice(0, length))
    at += length
  }
  return parts
}

/** Where the last space begins that is not the first half's; a space may stand as U+2581. */
function lastSpace(part: string): number | undefined {
  for (let at = part.length - 1; at > LONGEST_WORD / 2; at--)
    if (SPACE.test(part.charAt(at)) && !SPACE.test(part.charAt(at - 1))) return at
  return undefined
}
const SPACE = /[\s\u2581]/

/** The length without half a character at the end. */
function lastCharacter(part: string): number {
  return /[\uD800-\uDBFF]$/.test(part) ? part.length - 1 : part.length
}

let lastTurn = Promise.resolve()

/** Lets everything else on this thread have its turn; of several long texts, one goes on at a time. */
function turn(): Promise<void> {
  lastTurn = lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)))
  return lastTurn
}
