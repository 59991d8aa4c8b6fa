import type { PreTrainedTokenizer } from '@huggingface/transformers'
import { marksOf, splitAt } from './marks.ts'
import { plainTokens } from './plain-tokenizer.ts'
import { wordsOf } from './words.ts'

/** What a text is made to. Where it was not read to its end, `whole` is false and there are more than `most` ids. */
export type Encoded = { ids: number[]; types: number[] | undefined; whole: boolean }

/** Told of the milliseconds of this thread that a text took, piece by piece. */
export type Spend = (ms: number) => void

export type EncodeOptions = {
  /** A second text that the model reads together with the first. */
  pair?: string | undefined
  /** Whether the tokenizer puts its own marks around the text. */
  around: boolean
  /** Once there are more tokens than this, a long text is not read on. */
  most: number
  spend?: Spend | undefined
}

/** Makes tokens of texts, long ones in slices between which others have the thread. */
export type TextTokens = {
  /** The texts that stand for marks. */
  readonly marks: ReadonlySet<string>
  /** The ids of what a client sent: nothing in it is a mark. */
  plain(text: string, options: EncodeOptions): Promise<Encoded>
  /**
   * The ids of a text in which what stands there whole is a mark. `gap` is put between the parts of what is none, and
   * taken out here.
   */
  marked(text: string, gap: string, options: EncodeOptions): Promise<Encoded>
  /** Fewest tokens that texts of so many bytes have together; 0 where that is not known of this tokenizer. */
  least(bytes: number): number
}

type Reading = Pick<EncodeOptions, 'most' | 'spend'>
type Processed = { tokens: string[]; token_type_ids?: number[] }

const known = new WeakMap<PreTrainedTokenizer, TextTokens>()

/** `tokenizer`'s own. It is made once. */
export function textTokensOf(tokenizer: PreTrainedTokenizer): TextTokens {
  const made = known.get(tokenizer) ?? createTextTokens(tokenizer)
  known.set(tokenizer, made)
  return made
}

/** `tokenizer`'s own, but a text may hold the marks that are `allowed`. */
export function createTextTokens(
  tokenizer: PreTrainedTokenizer,
  allowed: ReadonlySet<string> = new Set(),
): TextTokens {
  const tokens = plainTokens(tokenizer, allowed)
  const marks = marksOf(tokenizer)
  const split = splitAt(marks)
  const added = new Map(
    [...tokens.get_added_tokens_decoder().values()].map((token) => [token.content, token]),
  )
  const byBytes = readsBytes(tokenizer)
  const longest = byBytes ? longestToken(tokenizer) : undefined
  const inParts =
    byBytes && ![...added.keys()].some((content) => !marks.has(content) && content.trim() !== '')

  /** Adds the pieces of a text without marks, which is the `section`th, and says whether it was read to its end. */
  async function read(
    text: string,
    section: number,
    pieces: string[],
    { most, spend }: Reading,
  ): Promise<boolean> {
    const slices = wordsOf(tokens, text, section, inParts)
    for (let next = await slices.next(); !next.done; next = await slices.next()) {
      spend?.(next.value.ms)
      for (const piece of next.value.pieces) pieces.push(piece)
      if (pieces.length > most) return next.value.last
    }
    return true
  }

  async function readMarked(text: string, gap: string, pieces: string[], reading: Reading): Promise<boolean> {
    const parts = split(text)
    for (const [i, part] of parts.entries()) {
      if (pieces.length > reading.most) return false
      if (part.word) {
        pieces.push(part.text)
        continue
      }
      let between = gap === '' ? part.text : part.text.replaceAll(gap, '')
      if (added.get(parts[i - 1]?.text ?? '')?.rstrip) between = between.trimStart()
      if (added.get(parts[i + 1]?.text ?? '')?.lstrip) between = between.trimEnd()
      if (!(await read(between, i, pieces, reading))) return false
    }
    return true
  }

  function idsOf(first: string[], pair: string[] | undefined, around: boolean): Omit<Encoded, 'whole'> {
    const { post_processor: post, model } = tokens
    const { tokens: all, token_type_ids: types }: Processed = post
      ? post.post_process(first, pair ?? null, around)
      : { tokens: [...first, ...(pair ?? [])] }
    const ids = all.map(
      (piece) => added.get(piece)?.id ?? model?.tokens_to_ids.get(piece) ?? model?.unk_token_id,
    )
    return { ids: ids.filter((id) => id !== undefined), types: pair === undefined ? undefined : types }
  }

  return {
    marks,
    async plain(text, { pair, around, ...reading }) {
      const first: string[] = []
      const second: string[] = []
      const whole = await read(text, 0, first, reading)
      const all = pair === undefined || (await read(pair, 0, second, reading))
      return { ...idsOf(first, pair === undefined ? undefined : second, around), whole: whole && all }
    },
    async marked(text, gap, { around, ...reading }) {
      const pieces: string[] = []
      const whole = await readMarked(text, gap, pieces, reading)
      return { ...idsOf(pieces, undefined, around), whole }
    },
    least: (bytes) => (longest === undefined ? 0 : Math.ceil(bytes / longest)),
  }
}

/**
 * Whether a tokenizer reads a text's bytes as they are. Others drop or add characters, or make one token of a whole word
 * that they do not know.
 */
function readsBytes({ _tokenizerJSON: json }: PreTrainedTokenizer): boolean {
  if (json.normalizer !== null && json.normalizer !== undefined) return false
  const steps: unknown[] = json.pre_tokenizer?.pretokenizers ?? [json.pre_tokenizer]
  return steps.some(
    (step) =>
      isObject(step) &&
      Reflect.get(step, 'type') === 'ByteLevel' &&
      Reflect.get(step, 'add_prefix_space') === false,
  )
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Bytes of the longest token that stands for text: there, a byte is one character. */
function longestToken(tokenizer: PreTrainedTokenizer): number {
  const marks = marksOf(tokenizer)
  const texts = Object.keys(tokenizer._tokenizerJSON.model.vocab).filter((token) => !marks.has(token))
  return texts.reduce((longest, { length }) => Math.max(longest, length), 1)
}
