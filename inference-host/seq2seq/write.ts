import type { AnswerText } from '../decoding/writing/answer-text.ts'
import { generate } from '../decoding/writing/generate.ts'
import { type Written, writtenOf } from '../decoding/writing/write-on.ts'
import { inputsOf, type Loaded } from '../device/load.ts'
import type { Seq2seqBatcher } from './batcher.ts'
import type { TokenRules } from './choose-token.ts'
import type { Seq2seqInput } from './input.ts'

/** One text to be summarized or translated. */
export type Seq2seqWriting = Seq2seqInput & {
  /** The most tokens to write, at least 1. */
  room: number
  /** Whether it makes way for others. */
  background?: boolean | undefined
  answer: AnswerText
  /** Asked at every step; true ends the text there. */
  stopped: () => boolean
  onStart: () => void
  /** Called with each token: the text that it completes (may be empty), and the count so far. */
  onToken: (text: string, outputTokens: number) => void
}

/** Writes a summary or translation, greedily, counting every token that was computed: the end token too. */
export type WriteSeq2seq = (writing: Seq2seqWriting) => Promise<Written>

/** Writes on the model alone, one text at a time. */
export function writeAlone(loaded: Loaded): WriteSeq2seq {
  return async function write({ ids, first, onStart, ...writing }) {
    onStart()
    const inputs = { ...inputsOf(ids), ...(first !== undefined && { forced_bos_token_id: first }) }
    const finishReason = await generate(loaded, { ...writing, inputs, sampler: undefined })
    return finishReason === undefined ? {} : { finishReason }
  }
}

/** Writes each text together with the others under way. */
export function writeTogether(
  { submit }: Pick<Seq2seqBatcher, 'submit'>,
  { chooser }: Pick<TokenRules, 'chooser'>,
): WriteSeq2seq {
  return function write({ ids, first, room, background, answer, stopped, onStart, onToken }) {
    let outputTokens = 0
    let finishReason: ReturnType<typeof answer.take>['finish']

    return new Promise((resolve) => {
      submit({
        text: ids,
        most: room,
        background,
        choose: chooser(room, first),
        stopped,
        started: onStart,
        take(id, last) {
          const { text, finish } = answer.take(id, last)
          finishReason = finish
          onToken(text, ++outputTokens)
          return finish !== undefined
        },
        ended: (end) => resolve(writtenOf(end, finishReason)),
      })
    })
  }
}
