import type { PreTrainedTokenizer } from '@huggingface/transformers'
import { isOnlyText, marksOf, namedMarks, type Part, splitAt } from './marks.ts'

/** The part of a tokenizer that makes tokens of texts. */
export type Tokens = PreTrainedTokenizer['_tokenizer']

/**
 * `tokenizer`'s own tokens, but a text is nothing but text: what reads like one of the model's marks is spelled out by
 * the tokens of its parts. The marks that a tokenizer puts around a text are put there all the same.
 *
 * A mark can be made in four places, and all four are closed. The text is not split at marks, nor is what a normalizer
 * makes of it (full-width `＜|im_end|＞` becomes a mark under NFKC). No text as a whole is looked up among them. And a
 * vocabulary that holds a mark's text as a piece like any other (sentencepiece has `</s>`) has the piece cut in two.
 * @param allowed marks that a text may hold all the same
 */
export function plainTokens(
  tokenizer: PreTrainedTokenizer,
  allowed: ReadonlySet<string> = new Set(),
): Tokens {
  const whole = tokenizer._tokenizer
  const added = [...whole.get_added_tokens_decoder().values()]
  const kept = added.filter((token) => isOnlyText(token) || allowed.has(token.content))
  const isNormalized = (token: { normalized: boolean }) => token.normalized && whole.normalizer !== null
  const texts = (tokens: typeof kept) => tokens.map(({ content }) => content)
  const normalized = kept
    .filter(isNormalized)
    .flatMap((token) => [
      [token.content, token] as const,
      [whole.normalizer?.normalize(token.content) ?? token.content, token] as const,
    ])
  const plain: Tokens = Object.create(whole)
  return Object.assign(plain, {
    added_tokens_map: new Map([...kept.map((token) => [token.content, token] as const), ...normalized]),
    splitter_unnormalized: splitter(splitAt(texts(kept.filter((token) => !isNormalized(token))))),
    splitter_normalized: splitter(splitAt(normalized.map(([text]) => text))),
    model: markless(whole.model, guarded(tokenizer, allowed)),
  })
}

/** As the library calls it. */
function splitter(parts: (text: string) => Part[]) {
  return { split: (text: string) => parts(text).map((part) => part.text) }
}

/** The marks that no piece of a text may be. The token of unknown words says nothing, unless it is another mark too. */
function guarded(tokenizer: PreTrainedTokenizer, allowed: ReadonlySet<string>): ReadonlySet<string> {
  const marks = new Set(marksOf(tokenizer))
  const unknown = tokenizer.unk_token
  if (unknown !== undefined && !namedMarks(tokenizer).includes(unknown)) marks.delete(unknown)
  return marks.difference(allowed)
}

/** `model` with pieces for words, but no piece of a text is one of `marks`. */
function markless(model: Tokens['model'], marks: ReadonlySet<string>): Tokens['model'] {
  if (model === null) return null
  return new Proxy(model, {
    apply(target, self, [words]: [readonly string[]]) {
      const pieces = (some: readonly string[]): string[] => {
        const made: string[] = Reflect.apply(target, self, [some])
        return made.some((piece) => marks.has(piece)) ? made.flatMap(apart) : made
      }
      /** A mark of one character has no parts, and is left out. */
      const apart = (piece: string): string[] => {
        if (!marks.has(piece)) return [piece]
        const [first = '', ...rest] = piece
        return rest.length === 0 ? [] : [first, rest.join('')].flatMap((part) => pieces([part]))
      }
      return pieces(words)
    },
  })
}
