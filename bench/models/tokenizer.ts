import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { PROMPT_WORDS } from './words.ts'

const Bpe = z.looseObject({
  model: z.looseObject({ vocab: z.record(z.string(), z.int()), merges: z.array(z.string()) }),
})
const WordPiece = z.looseObject({ model: z.looseObject({ vocab: z.record(z.string(), z.int()) }) })

const shipped = async (path: string) =>
  JSON.parse(await readFile(new URL(`../../models/${path}`, import.meta.url), 'utf8'))

/** A space as a byte-level vocabulary writes it. */
const SPACE = 'Ġ'

/** Configuration files of one of the project's own models, by name, adapted to a made model. */
export type TokenizerFiles = Record<string, unknown>

/**
 * The tokenizer of the project's own chat model, with as many tokens as a made decoder has. The benchmark's words are
 * one token each, as in the vocabularies of real models. The missing tokens are filled up with ones that no text has.
 * @throws RangeError where there are more tokens than `size`
 */
export async function chatTokenizer(size: number, context: number): Promise<TokenizerFiles> {
  const tokenizer = Bpe.parse(await shipped('twohop-chat/tokenizer.json'))
  const { vocab, merges } = tokenizer.model
  const chains = PROMPT_WORDS.flatMap((word) =>
    [...word].map((letter, i) => [SPACE + word.slice(0, i), letter] as const),
  )
  for (const [left, right] of chains) vocab[left + right] ??= Object.keys(vocab).length
  if (Object.keys(vocab).length > size)
    throw new RangeError(`a vocabulary has at least ${Object.keys(vocab).length} tokens`)
  fill(vocab, size)
  // These merges come first, so that no other merge takes a word's letters. Each comes once, because the last of two
  // counts.
  const first = new Set(chains.map(([left, right]) => `${left} ${right}`))
  const merged = [...first, ...merges.filter((merge) => !first.has(merge))]
  return {
    'tokenizer.json': { ...tokenizer, model: { ...tokenizer.model, vocab, merges: merged } },
    'tokenizer_config.json': {
      ...(await shipped('twohop-chat/tokenizer_config.json')),
      model_max_length: context,
      vocab_size: size,
    },
    'special_tokens_map.json': await shipped('twohop-chat/special_tokens_map.json'),
    'generation_config.json': await shipped('twohop-chat/generation_config.json'),
  }
}

/** Adds made-up tokens until there are `size`. */
function fill(vocab: Record<string, number>, size: number): void {
  let count = Object.keys(vocab).length
  for (let number = 0; count < size; number++) {
    const token = `${SPACE}w${number.toString(36)}`
    if (!Object.hasOwn(vocab, token)) vocab[token] = count++
  }
}

/** The tokenizer of the project's own embedding model, with the benchmark's words as one token each. */
export async function encoderTokenizer(context: number): Promise<TokenizerFiles> {
  const tokenizer = WordPiece.parse(await shipped('twohop-embed/tokenizer.json'))
  const { vocab } = tokenizer.model
  for (const word of PROMPT_WORDS) vocab[word] ??= Object.keys(vocab).length
  return {
    'tokenizer.json': { ...tokenizer, truncation: null },
    'tokenizer_config.json': {
      ...(await shipped('twohop-embed/tokenizer_config.json')),
      model_max_length: context,
    },
    'special_tokens_map.json': await shipped('twohop-embed/special_tokens_map.json'),
  }
}
