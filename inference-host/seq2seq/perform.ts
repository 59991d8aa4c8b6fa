import { createAnswerText, textRulesOf } from '../decoding/writing/answer-text.ts'
import type { LoadedText } from '../device/load.ts'
import type { ModelTask } from '../device/port.ts'
import type { Output, PerformOptions } from '../work/engine.ts'
import { seq2seqRoom } from '../work/limits.ts'
import type { Work } from '../work/work.ts'
import { seq2seqInput } from './input.ts'
import type { WriteSeq2seq } from './write.ts'

/**
 * Does one piece of an encoder-decoder's work: reads a text and writes its summary or translation, greedily. Resolves
 * with undefined when `stopped` ended it.
 * @throws TwohopError before any compute where the work goes beyond its reservation or the model's context.
 */
export async function perform(
  { text, task, write }: { text: LoadedText; task: ModelTask; write: WriteSeq2seq },
  work: Work,
  { counts, stopped, report }: PerformOptions,
): Promise<Output | undefined> {
  if (work.kind !== 'seq2seq') throw new Error(`an encoder-decoder does no ${work.kind}`)
  const input = await seq2seqInput(task, text, work, (ms) => {
    counts.readMs += ms
  })
  const promptTokens = input.ids.length
  const room = seq2seqRoom(promptTokens, work.limits, text.context)
  if (stopped()) return undefined
  const written = await write({
    ...input,
    background: work.background,
    room,
    answer: createAnswerText(textRulesOf(text), []),
    stopped,
    onStart() {
      counts.promptTokens = promptTokens
      report({ type: 'started', promptTokens })
    },
    onToken(piece, outputTokens) {
      counts.outputTokens = outputTokens
      report({ type: 'token', text: piece, outputTokens })
    },
  })
  if (written.computeMs !== undefined) counts.computeMs = written.computeMs
  if (written.failure !== undefined) throw written.failure.cause
  return written.finishReason && { kind: 'text', finishReasons: [written.finishReason] }
}
