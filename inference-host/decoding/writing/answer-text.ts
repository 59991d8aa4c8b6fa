import type { FinishReason } from '../../../shared/openai/chat.ts'
import { CALL } from '../../../shared/openai/tool-text.ts'
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
  /** The stop string that ended it, once it has ended with one. */
  readonly stop: string | undefined
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

/** What is known of an answer that follows a structure. */
type Followed = {
  /** Nothing can follow. */
  readonly complete: boolean
  /** It ends, or ended differently, only because its room did not suffice. */
  readonly wasCut: boolean
}

/**
 * An answer that ends with one of the model's end tokens, before one of the strings in `stop`, with its room, or where
 * the structure that it follows lets nothing follow. If it is whole only because tokens that take more room were left
 * out, it ended with its room. In an answer with a structure, only text before a call is looked at for stop strings.
 */
export function createAnswerText(
  { ends, decode }: TextRules,
  stop: readonly string[],
  followed?: Followed,
): AnswerText {
  const detokenizer = createDetokenizer(decode)
  const stopStrings = createStopStrings(stop, followed && CALL)

  return {
    take(id, last) {
      const ended = ends.has(id)
      const { text, stopped } = stopStrings.push(ended ? '' : detokenizer.push(id))
      const whole = ended || followed?.complete === true
      const cut = last || (whole && followed?.wasCut === true)
      const finish = stopped || (whole && followed?.wasCut !== true) ? 'stop' : cut ? 'length' : undefined
      return { text: finish === undefined ? text : text + stopStrings.flush(), finish }
    },
    get stop() {
      return stopStrings.ending
    },
  }
}
