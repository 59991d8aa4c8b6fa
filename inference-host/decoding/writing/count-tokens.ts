import type { LoadedText } from '../../device/load.ts'
import type { Output, PerformOptions } from '../../work/engine.ts'
import { decoderRoom } from '../../work/limits.ts'
import type { Work } from '../../work/work.ts'
import { chatPrompt, type Shown } from './prompt.ts'

/**
 * Counts the tokens of a chat's prompt. Nothing is computed, so none of them counts as computed.
 * @throws TwohopError as chatPrompt and decoderRoom do: the count is that of a chat which would be answered
 */
export async function countTokens(
  loaded: LoadedText,
  work: Extract<Work, { kind: 'count' }>,
  { counts, report }: Pick<PerformOptions, 'counts' | 'report'>,
  shown?: Shown,
): Promise<Output> {
  const { length } = await chatPrompt(loaded, work.messages, { ...work, shown }, (ms) => {
    counts.readMs += ms
  })
  decoderRoom(length, work.limits, loaded.context, 'messages')
  report({ type: 'started', promptTokens: 0 })
  return { kind: 'items', json: [String(length)] }
}
