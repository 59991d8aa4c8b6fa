import type { PreTrainedTokenizer } from '@huggingface/transformers'

/** Where something stands in a text: from `start` up to but without `end`, in UTF-16 units as JavaScript counts. */
export type Span = { start: number; end: number }

/** Characters that a normalizer may drop or a word piece may leave out, so that they hold up no search. */
const MARKS = /\p{M}/gu

/** A character as tokenizers compare it: without case, accents and compatibility forms. */
const folded = (character: string) => character.normalize('NFKD').replace(MARKS, '').toLowerCase()

/**
 * Where tokens stand in the text that they were made of. The tokenizers of transformers.js do not say. So each token's
 * own text is searched from the end of the token before it. White space and characters that the tokenizer dropped may
 * lie between.
 * @param pieces each token's text; empty for what stands for no text
 * @returns undefined where a token's text is not found, such as that of an unknown word
 */
export function spansOf(text: string, pieces: readonly string[]): (Span | undefined)[] {
  const plain: string[] = []
  const from: number[] = []
  const to: number[] = []
  let at = 0
  for (const character of text) {
    for (const unit of folded(character)) {
      plain.push(unit)
      from.push(at)
      to.push(at + character.length)
    }
    at += character.length
  }
  let next = 0
  return pieces.map((piece) => {
    const wanted = [...piece.trim()].flatMap((character) => [...folded(character)])
    const found = wanted.length === 0 ? -1 : find(plain, wanted, next)
    if (found < 0) return undefined
    next = found + wanted.length
    return { start: from[found] ?? 0, end: to[next - 1] ?? 0 }
  })
}

/**
 * How far behind the last token the next may begin. It is enough to pass an unknown word, but not to reach the next
 * sentence but one.
 */
const FARTHEST = 200

function find(plain: readonly string[], wanted: readonly string[], from: number): number {
  const last = Math.min(plain.length - wanted.length, from + FARTHEST)
  for (let at = from; at <= last; at++)
    if (wanted.every((character, i) => plain[at + i] === character)) return at
  return -1
}

/** A token's text by itself, and whether it continues a word. */
export type Piece = { text: string; continues: boolean | undefined }

/**
 * The text of one token, without the mark of a continued word where the vocabulary has such (WordPiece); Other
 * vocabularies mark where a word begins, and `continues` is undefined.
 */
export function pieceOf(tokenizer: PreTrainedTokenizer, id: number): Piece {
  const prefix: unknown = tokenizer._tokenizerJSON?.model?.continuing_subword_prefix
  const text = tokenizer.decode([id], { skip_special_tokens: false, clean_up_tokenization_spaces: false })
  if (typeof prefix !== 'string' || prefix === '') return { text, continues: undefined }
  const continues = text.startsWith(prefix)
  return { text: continues ? text.slice(prefix.length) : text, continues }
}
