import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { MOST_CALLS } from '../../shared/openai/structure.ts'
import { secondOf } from '../../shared/seconds.ts'
import { generationUsage } from '../../shared/usage.ts'
import { Block, count, Ending, Usage } from './anthropic-shapes.ts'
import type { HostCall } from './port.ts'
import type { Tally } from './tally.ts'

const Message = Ending.extend({ content: z.array(Block).max(1000), usage: Usage.optional().catch(undefined) })

/** A whole message as a host writes a chat's answer. @throws TwohopError host_failed where it is something else */
export function messageAnswer(
  said: unknown,
  { requestId, model }: HostCall,
  tally: Tally,
  now: () => number,
): object {
  const { data, error } = Message.safeParse(said)
  if (error) throw new TwohopError('host_failed', 'The model answered with something else.')
  const { content, usage, stop_reason: finish, stop_sequence: stop } = data
  const cached = count(usage, tally, true)
  const { promptTokens, outputTokens } = tally.usage()
  const text = content.map((block) => (block?.type === 'text' ? block.text : '')).join('')
  const calls = content
    .flatMap((block) => (block?.type === 'tool_use' ? [block] : []))
    .slice(0, MOST_CALLS)
    .map(({ id, name, input }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(input) },
    }))
  return {
    id: `chatcmpl-${requestId}`,
    object: 'chat.completion',
    created: secondOf(now()),
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && calls.length > 0 ? null : text,
          refusal: null,
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: finish ?? 'stop',
        ...(stop != null && { stop_reason: stop }),
      },
    ],
    usage: {
      ...generationUsage(promptTokens, outputTokens),
      ...(cached !== undefined && { prompt_tokens_details: { cached_tokens: cached } }),
    },
  }
}
