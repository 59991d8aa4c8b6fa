import type { PreTrainedTokenizer } from '@huggingface/transformers'

/** What of an added token is read here. */
type Added = { content: string; special: boolean }

/** The names under which a tokenizer's configuration lists single tokens. */
const NAMED = ['bos_token', 'eos_token', 'cls_token', 'sep_token', 'pad_token', 'mask_token'] as const

/**
 * Tokens that were added to a vocabulary and yet are nothing but text: runs of spaces, and words of a trade. Whatever
 * else was added may mark a turn, a tool's call, or where a text ends, whether or not it is called special.
 */
const ONLY_TEXT = /^[\p{L}\p{M}\p{N}\s\u2581]+$/u

/**
 * The texts that a model reads as one token with a meaning of its own, such as `<|im_end|>`. Only templates and
 * tokenizers may write these, never what a client sends.
 */
export function marksOf(tokenizer: PreTrainedTokenizer): ReadonlySet<string> {
  const inner = tokenizer._tokenizer
  const added: Added[] = [...inner.get_added_tokens_decoder().values()]
  const marks = added.filter((token) => !isOnlyText(token)).map(({ content }) => content)
  return new Set([...marks, ...namedMarks(tokenizer)].filter((mark) => mark !== ''))
}

export function isOnlyText({ content, special }: Added): boolean {
  return !special && ONLY_TEXT.test(content)
}

/** The tokens that a configuration names, where the vocabulary has them; that of unknown words is none of them. */
export function namedMarks({ _tokenizer, _tokenizerConfig: config }: PreTrainedTokenizer): string[] {
  const more: unknown = config.additional_special_tokens
  return [...NAMED.map((name) => config[name]), ...(Array.isArray(more) ? more : [])]
    .map(textOf)
    .filter((text) => text !== undefined)
    .filter((text) => _tokenizer.token_to_id(text) !== undefined)
}

/** A token of a configuration is its text, or an object that holds it. */
function textOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token
  const content: unknown =
    typeof token === 'object' && token !== null ? Reflect.get(token, 'content') : undefined
  return typeof content === 'string' ? content : undefined
}

/** Finds what any of `words` begins with, everywhere in a text. */
export function beginningOf(words: ReadonlySet<string> | readonly string[]): RegExp {
  const firsts = new Set(Array.from(words, (word) => word.charAt(0)))
  const escaped = Array.from(firsts, (first) => first.replace(/[\\\]^-]/, '\\$&'))
  return new RegExp(`[${escaped.join('')}]`, 'g')
}

/** A part of a text: one of the words that it was split at, or what lies between two. */
export type Part = { text: string; word: boolean }

type Node = { next: Map<string, Node>; end: boolean }

/** Splits texts at `words`: at each place the longest word, from left to right, as tokenizers split at added tokens. */
export function splitAt(words: ReadonlySet<string> | readonly string[]): (text: string) => Part[] {
  const root: Node = { next: new Map(), end: false }
  for (const word of words) {
    let node = root
    for (const unit of word.split('')) {
      const child = node.next.get(unit) ?? { next: new Map(), end: false }
      node.next.set(unit, child)
      node = child
    }
    node.end = word !== ''
  }

  function lengthAt(text: string, at: number): number {
    let length = 0
    let node = root.next.get(text.charAt(at))
    for (let to = at + 1; node !== undefined; to++) {
      if (node.end) length = to - at
      node = node.next.get(text.charAt(to))
    }
    return length
  }

  const begins = beginningOf(words)
  /** The first place from `at` on where a word may begin. */
  function next(text: string, at: number): number {
    begins.lastIndex = at
    return begins.exec(text)?.index ?? text.length
  }

  return (text) => {
    const parts: Part[] = []
    let begun = 0
    for (let at = next(text, 0); at < text.length; at = next(text, at)) {
      const length = lengthAt(text, at)
      if (length > 0) {
        if (at > begun) parts.push({ text: text.slice(begun, at), word: false })
        parts.push({ text: text.slice(at, at + length), word: true })
        begun = at + length
      }
      at += Math.max(1, length)
    }
    if (begun < text.length) parts.push({ text: text.slice(begun), word: false })
    return parts
  }
}
