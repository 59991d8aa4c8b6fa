import { TwohopError } from '../../shared/errors.ts'
import { HostChatRequest } from '../../shared/openai/chat.ts'
import { HostCompletionRequest } from '../../shared/openai/completions.ts'
import type { HostMessage } from '../../shared/openai/messages.ts'
import type { ReplicateInput } from '../../shared/upstreams.ts'
import { unsupported } from './foreign-refusal.ts'

/** What the inputs of a model are called, by what they are here. */
export type Inputs = Readonly<Partial<Record<ReplicateInput, string>>>
type Request = HostChatRequest | HostCompletionRequest
type Asked = [ReplicateInput, unknown][]

/** Fields for which no model has an input, each with the value that asks for nothing. */
const WITHOUT: Readonly<Record<string, unknown>> = {
  n: 1,
  logprobs: undefined,
  min_p: 0,
  repetition_penalty: 1,
  logit_bias: undefined,
  structured_outputs: undefined,
  response_format: undefined,
  tools: undefined,
}
/** Fields that are inputs where a model has them, each with the value that asks for nothing. */
const GIVEN = {
  temperature: undefined,
  top_p: 1,
  top_k: 0,
  seed: undefined,
  frequency_penalty: 0,
  presence_penalty: 0,
} as const

/** `owner/name`, `owner/name:version` or `deployments/owner/name`; none of its parts can lead elsewhere. */
const MODEL = /^(?:(deployments)\/)?(\w[\w.-]*\/\w[\w.-]*?)(?::(\w+))?$/

/**
 * A host's request as the inputs of a prediction (replicate.com/docs/reference/http#predictions.create).
 * @throws TwohopError invalid_request for a field that changes the answer and for which the model has no input
 */
export function predictionRequest(
  path: string,
  asked: object,
  inputs: Inputs,
): { path: string; body: object } {
  const isChat = path === '/v1/chat/completions'
  const request = isChat ? HostChatRequest.parse(asked) : HostCompletionRequest.parse(asked)
  const given: Record<string, unknown> = request
  for (const [field, nothing] of Object.entries(WITHOUT))
    if (given[field] !== undefined && given[field] !== nothing) throw unsupported(field)
  const said = 'messages' in request ? saidOf(request.messages, inputs) : promptOf(request.prompt)
  const input = Object.fromEntries(
    [...said, ...settingsOf(request)].map(([name, value]) => {
      const called = inputs[name]
      if (called === undefined) throw unsupported(name === 'system' ? 'messages' : name)
      return [called, value]
    }),
  )
  return placeOf(request.model, input)
}

function settingsOf(request: Request): Asked {
  const asked: Asked = [['max_tokens', request.max_tokens]]
  for (const name of [
    'temperature',
    'top_p',
    'top_k',
    'seed',
    'frequency_penalty',
    'presence_penalty',
  ] as const)
    if (request[name] !== undefined && request[name] !== GIVEN[name]) asked.push([name, request[name]])
  // They are one text there, with commas between them.
  if (request.stop.some((stop) => stop.includes(','))) throw unsupported('stop')
  if (request.stop.length > 0) asked.push(['stop', request.stop.join(',')])
  return asked
}

const promptOf = (prompt: string): Asked => [['prompt', prompt]]

/**
 * Messages as a list, where the model takes one. Else what `system` says has its own input, and one message of a user is the
 * prompt; of more the names of the speakers are written before them.
 */
function saidOf(messages: readonly HostMessage[], inputs: Inputs): Asked {
  const plain = messages.map(plainOf)
  if (inputs.messages !== undefined) return [['messages', plain]]
  const system = plain.flatMap(({ role, content }) => (role === 'system' && content !== '' ? [content] : []))
  const turns = plain.filter(({ role }) => role !== 'system')
  const prompt = turns.length === 1 && turns[0]?.role === 'user' ? turns[0].content : transcript(turns)
  return [
    ...(system.length > 0 ? ([['system', system.join('\n\n')]] satisfies Asked) : []),
    ['prompt', prompt],
  ]
}

type Plain = { role: 'system' | 'user' | 'assistant'; content: string }

function plainOf(message: HostMessage): Plain {
  const { role, content } = message
  if (role === 'tool' || 'tool_calls' in message || (content !== null && typeof content !== 'string'))
    throw unsupported('messages')
  return { role, content: content ?? '' }
}

/** At most 13 bytes a message, and the 10 at the end, are more than what was said: a model's `overhead` covers them. */
function transcript(turns: readonly Plain[]): string {
  const named = turns.map(({ role, content }) => `${role === 'user' ? 'User' : 'Assistant'}: ${content}`)
  return [...named, 'Assistant:'].join('\n\n')
}

function placeOf(model: string, input: object): { path: string; body: object } {
  const [, deployments, name, version] = MODEL.exec(model) ?? []
  if (name === undefined) throw new TwohopError('host_failed', 'The model does not do this.')
  if (version !== undefined) return { path: '/predictions', body: { version, input } }
  return { path: `/${deployments ?? 'models'}/${name}/predictions`, body: { input } }
}
