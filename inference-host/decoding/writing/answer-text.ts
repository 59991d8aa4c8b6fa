import type { FinishReason } from '../../../shared/openai/chat.ts'
import type { LoadedText } from '../../device/load.ts'
import { createDetokenizer } from './detokenizer.ts'
import { createStopStrings } from './stop-strings.ts'

/** The text of one answer, as its tokens come. */
export type AnswerText = {
  /**
   * Takes the next token; `last` says that there is room for no other. Gives the text that it completes (may be empty)
   * and why the answer ends with it, if it does.
   */
  take(id: number, last: boolean): { text: string; finish: FinishReason | undefined }
}

/** A model's end tokens, and how its tokens read. */
export type TextRules = {
  /** Tokens that end a text; they give none themselves. */
  ends: ReadonlySet<number>
  /** Gives the text of ids, special tokens left out. */
  decode: (ids: number[]) => string
}

export function textRulesOf({ tokenizer, defaults }: Pick<LoadedText, 'tokenizer' | 'defaults'>): TextRules {
  return {
    ends: new Set([defaults.eos_token_id ?? []].flat()),
    decode: (ids) =>
      tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
  }
}

/**
 * An answer that ends with one of the model's end tokens, before one of the strings in `stop`, with its room, or where
 * `complete` says that nothing can follow.
 */
export function createAnswerText(
  { ends, decode }: TextRules,
  stop: readonly string[],
  complete: () => boolean = () => false,
): AnswerText {
  const detokenizer = createDetokenizer(decode)
  const stopStrings = createStopStrings(stop)

  return {
    take(id, last) {
      const ended = ends.has(id)
      const { text, stopped } = stopStrings.push(ended ? '' : detokenizer.push(id))
      const finish = ended || stopped || complete() ? 'stop' : last ? 'length' : undefined
      return { text: finish === undefined ? text : text + stopStrings.flush(), finish }
    },
  }
}
