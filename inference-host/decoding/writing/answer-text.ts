import type { FinishReason } from '../../../shared/openai/chat.ts'
import { CALL } from '../../../shared/openai/tool-text.ts'
import type { LoadedText } from '../../device/load.ts'
import { createDetokenizer } from './detokenizer.ts'
import { createStopStrings } from './stop-strings.ts'

/** The text of one answer, as its tokens come. */
export type AnswerText = {
  /**
   * Takes the next token; `last` says that there is room for no other. Gives the text that it completes (may be empty),
   * why the answer ends with it, if it does, and how many tokens more, from the first on, have all of their text given. A
   * token of which a stop string takes a part never has.
   */
  take(id: number, last: boolean): { text: string; finish: FinishReason | undefined; passed: number }
  /** The stop string that ended it, once it has ended with one. */
  readonly stop: string | undefined
}

/** Counts the tokens whose text has been passed on, while some of it is held back. */
type Passing = {
  /** The next token has come, and completes `length` characters; `unfinished` where it begins one that lacks bytes. */
  come(length: number, unfinished: boolean): void
  /** `length` characters more are passed on, or at the `end` all that ever will be. How many tokens these complete. */
  pass(length: number, end: boolean): number
}

function createPassing(): Passing {
  /** Where the texts of the tokens end that are not passed on; those of the last `open` are not known yet. */
  const ends: number[] = []
  let open = 0
  let come = 0
  let passed = 0
  return {
    come(length, unfinished) {
      come += length
      open++
      if (unfinished) return
      while (open > 0) {
        ends.push(come)
        open--
      }
    },
    pass(length, end) {
      passed += length
      if (end && passed === come) return ends.splice(0).length + open
      const held = ends.findIndex((place) => place > passed)
      return ends.splice(0, held < 0 ? ends.length : held).length
    },
  }
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
  const passing = createPassing()

  return {
    take(id, last) {
      const ended = ends.has(id)
      const piece = ended ? '' : detokenizer.push(id)
      passing.come(piece.length, !ended && detokenizer.unfinished)
      const { text, stopped } = stopStrings.push(piece)
      const whole = ended || followed?.complete === true
      const cut = last || (whole && followed?.wasCut === true)
      const finish = stopped || (whole && followed?.wasCut !== true) ? 'stop' : cut ? 'length' : undefined
      const given = finish === undefined ? text : text + stopStrings.flush()
      return { text: given, finish, passed: passing.pass(given.length, finish !== undefined) }
    },
    get stop() {
      return stopStrings.ending
    },
  }
}
