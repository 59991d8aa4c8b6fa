import type { LoadedText } from '../device/load.ts'
import type { ModelTask } from '../device/port.ts'
import { createAnswerText, textRulesOf } from './answer-text.ts'
import { rewriteRoom } from './limits.ts'
import type { Job, Output, PerformOptions } from './port.ts'
import { rewriteInput, type WriteAnew } from './rewrite.ts'

/**
 * Does one job of a model that rewrites: writes a text anew, greedily, from the encoder's input. Undefined is returned
 * when `stopped` ended it.
 * @throws TwohopError before any compute where the job goes beyond its reservation or the model's context.
 */
export async function perform(
  { text, task, write }: { text: LoadedText; task: ModelTask; write: WriteAnew },
  job: Job,
  { counts, stopped, report }: PerformOptions,
): Promise<Output | undefined> {
  if (job.kind !== 'rewrite') throw new Error(`a model that rewrites does no ${job.kind}`)
  const input = rewriteInput(task, text, job)
  const promptTokens = input.ids.length
  const room = rewriteRoom(promptTokens, job.limits, text.context)
  if (stopped()) return undefined
  const written = await write({
    ...input,
    background: job.background,
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
