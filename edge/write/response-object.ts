import type { TokenLogprob } from '../../shared/openai/chat.ts'
import type { FlatFormat, FlatTool, FlatToolChoice } from '../../shared/openai/responses.ts'
import type { HostAnswer } from './host-answer.ts'

/** What an answer repeats of its request. */
export type Echo = {
  model: string
  instructions: string | null
  max_output_tokens: number | null
  metadata: Record<string, string>
  parallel_tool_calls: boolean
  temperature: number | null
  top_p: number | null
  text: { format: FlatFormat }
  tool_choice: FlatToolChoice
  tools: FlatTool[]
  top_logprobs: number
}

/** How far an item or an answer is. */
export type Status = 'in_progress' | 'completed' | 'incomplete'

/** One item of an answer: text, or a call of a function. */
export type Item = { id: string; status: Status } & (
  | { kind: 'message'; text: string; logprobs: TokenLogprob[] }
  | { kind: 'call'; call_id: string; name: string; arguments: string }
)
export type Usage = { prompt: number; output: number; cached: number }

/** What an answer is in the end. */
export const statusOf = (finish: HostAnswer['finish'] | undefined): Status =>
  finish === 'length' || finish === 'content_filter' ? 'incomplete' : 'completed'

/** Ids of the items of an answer, by the place that they have in it or among its calls. */
export const messageId = (requestId: string, place: number) =>
  `msg_${requestId}${place > 0 ? `_${place}` : ''}`
export const callId = (requestId: string, place: number) => `fc_${requestId}_${place}`

/** A text as a part of a message. */
export function textPart(text: string, logprobs: readonly TokenLogprob[]) {
  return { type: 'output_text', text, annotations: [], logprobs }
}

/** An item as this API writes it. */
export function written(item: Item): object {
  const { id, status } = item
  if (item.kind === 'call') {
    const { call_id, name, arguments: given } = item
    return { type: 'function_call', id, status, call_id, name, arguments: given }
  }
  const { text, logprobs } = item
  const content = status === 'in_progress' ? [] : [textPart(text, logprobs)]
  return { type: 'message', id, status, role: 'assistant', content }
}

/** A whole answer, or what is known of it while it is written. */
export function response({
  echo,
  requestId,
  created,
  output,
  usage,
  status,
  finish,
}: {
  echo: Echo
  requestId: string
  created: number
  output: readonly Item[]
  usage: Usage | undefined
  status: Status
  /** Why it ended, where it has. */
  finish?: HostAnswer['finish'] | undefined
}) {
  return {
    id: `resp_${requestId}`,
    object: 'response',
    created_at: created,
    status,
    access_programs: null,
    background: false,
    error: null,
    incomplete_details:
      status === 'incomplete' ? { reason: finish === 'content_filter' ? finish : 'max_output_tokens' } : null,
    ...echo,
    output: output.map(written),
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: false,
    truncation: 'disabled',
    usage: usage
      ? {
          input_tokens: usage.prompt,
          input_tokens_details: { cached_tokens: usage.cached },
          output_tokens: usage.output,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: usage.prompt + usage.output,
        }
      : null,
  }
}
