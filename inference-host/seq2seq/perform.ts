import { createAnswerText, textRulesOf } from '../decoding/writing/answer-text.ts'
import type { LoadedText } from '../device/load.ts'
import type { ModelTask } from '../device/port.ts'
import type { Output, PerformOptions } from '../work/engine.ts'
import { rewriteRoom } from '../work/limits.ts'
import type { Work } from '../work/work.ts'
import { rewriteInput, type WriteAnew } from './rewrite.ts'

/**
 * Does one job of a model that rewrites: writes a text anew, greedily, from the encoder's input. Undefined is returned
 * when `stopped` ended it.
 * @throws TwohopError before any compute where the job goes beyond its reservation or the model's context.
 */
export async function perform(
  { text, task, write }: { text: LoadedText; task: ModelTask; write: WriteAnew },
  work: Work,
  { counts, stopped, report }: PerformOptions,
): Promise<Output | undefined> {
  if (work.kind !== 'rewrite') throw new Error(`a model that rewrites does no ${work.kind}`)
  const input = rewriteInput(task, text, work)
  const promptTokens = input.ids.length
  const room = rewriteRoom(promptTokens, work.limits, text.context)
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
