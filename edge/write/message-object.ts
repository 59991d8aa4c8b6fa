import type { HostAnswer } from './host-answer.ts'

/** A block that calls a tool. */
export function toolUse(id: string, name: string, input: object): object {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } }
}

/** Why a message ended, in the words of Anthropic's API. */
export function stopOf({ finish, stop }: Pick<HostAnswer, 'finish' | 'stop'>) {
  const reasons = {
    stop: 'end_turn',
    length: 'max_tokens',
    tool_calls: 'tool_use',
    content_filter: 'refusal',
  }
  return {
    stop_reason: stop === undefined ? reasons[finish] : 'stop_sequence',
    stop_sequence: stop ?? null,
    stop_details: null,
  }
}

/**
 * What was used. Tokens that the host had in its cache cost the same as others here, so all of the prompt's are input
 * tokens, and none counts as read from a cache.
 */
export function messageUsage({ input, output }: { input: number; output: number }) {
  return {
    input_tokens: input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: output,
    output_tokens_details: null,
    server_tool_use: null,
  }
}

/** A whole message, or its beginning. */
export function message({
  model,
  requestId,
  content,
  usage,
  ...stop
}: {
  model: string
  requestId: string
  content: object[]
  usage: { input: number; output: number }
  stop_reason: string | null
  stop_sequence: string | null
  stop_details: null
}) {
  return {
    id: `msg_${requestId}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    ...stop,
    container: null,
    diagnostics: null,
    usage: {
      ...messageUsage(usage),
      cache_creation: null,
      inference_geo: null,
      service_tier: 'standard',
      speed: null,
    },
  }
}
