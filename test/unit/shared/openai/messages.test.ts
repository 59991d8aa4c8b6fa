import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { TwohopError } from '../../../../shared/errors.ts'
import { Message } from '../../../../shared/openai/messages.ts'
import { parseAs } from '../../../../shared/parse-as.ts'

const Messages = z.strictObject({ messages: z.array(Message) })
const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }

/** What is said of a message that is refused. */
function refusalOf(message: object) {
  try {
    parseAs(Messages, { messages: [message] })
  } catch (error) {
    return [(error as TwohopError).param?.replace('messages[0].', ''), (error as TwohopError).message]
  }
  return 'none'
}

describe('a message that a client sends back', () => {
  it.each([
    ['a tool with its name', { role: 'tool', content: 'a', tool_call_id: 'c', name: 'look' }],
    [
      'a call whose id has a signed thought in it',
      { role: 'tool', content: 'a', tool_call_id: `call_1__thought__${'x'.repeat(2000)}` },
    ],
    ['a tool that gave nothing', { role: 'tool', content: null, tool_call_id: 'c' }],
    ['a name that is null', { role: 'user', content: 'a', name: null }],
    [
      'an answer with nulls',
      { role: 'assistant', content: 'a', refusal: null, audio: null, function_call: null, tool_calls: null },
    ],
    ['an answer with empty lists', { role: 'assistant', content: 'a', annotations: [], tool_calls: [] }],
    ['a parsed answer', { role: 'assistant', content: '{}', parsed: { a: [1] } }],
    [
      'parsed arguments',
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ ...call, function: { ...call.function, parsed_arguments: {} } }],
      },
    ],
    [
      'arguments that were not parsed',
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ ...call, function: { ...call.function, parsed_arguments: null } }],
      },
    ],
    ['calls gathered from a stream', { role: 'assistant', content: '', tool_calls: [{ ...call, index: 0 }] }],
    ['calls and an empty list of parts', { role: 'assistant', content: [], tool_calls: [call] }],
    ['a refusal alone', { role: 'assistant', refusal: 'No.' }],
    ['a refusal as a part', { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }],
    [
      'citations',
      {
        role: 'assistant',
        content: 'a',
        annotations: [{ type: 'url_citation', url_citation: { url: 'u' } }],
      },
    ],
    [
      'reasoning',
      { role: 'assistant', content: 'a', reasoning_content: 'b', reasoning: 'c', reasoning_details: [{}] },
    ],
    [
      'the images that OpenRouter adds, of which there are none',
      { role: 'assistant', content: 'a', images: [] },
    ],
    ['images: null', { role: 'assistant', content: 'a', images: null }],
    ['the status that LangChain adds', { role: 'tool', content: 'a', tool_call_id: 'c', status: 'error' }],
    [
      'the artifact that LangChain adds',
      { role: 'tool', content: 'a', tool_call_id: 'c', artifact: { rows: [1] } },
    ],
    [
      'reasoning as a part',
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'b', signature: 's' },
          { type: 'text', text: 'a' },
        ],
      },
    ],
    [
      'marks for a cache',
      {
        role: 'user',
        content: [
          {
            type: 'text',
            text: 'a',
            cache_control: { type: 'ephemeral' },
            prompt_cache_breakpoint: { mode: 'explicit' },
          },
        ],
      },
    ],
  ])('is taken: %s', (_, message) => {
    expect(refusalOf(message)).toBe('none')
  })

  const noMedia =
    'Expected a part of type "text" or "image_url" (no chat model here reads audio or files), found text of'
  it.each([
    [
      'a picture by its address',
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }] },
      'content[0].image_url.url',
      'Expected a data: URL of a PNG, JPEG or WebP as base64 (nothing here fetches what a client names), found text of 23 characters.',
    ],
    [
      "a picture of the operator's",
      { role: 'system', content: [{ type: 'image_url', image_url: { url: 'u' } }] },
      'content[0].type',
      'Expected a part of type "text" (only users show images here, and no chat model reads audio or files), found text of 9 characters.',
    ],
    [
      'a picture of an answer',
      { role: 'assistant', content: 'a', images: [{ type: 'image_url', image_url: { url: 'u' } }] },
      'images',
      'Expected an empty list (no chat model here draws images), found a list of 1.',
    ],
    [
      'a sound',
      { role: 'user', content: [{ type: 'input_audio', input_audio: {} }] },
      'content[0].type',
      `${noMedia} 11 characters.`,
    ],
    [
      'a file',
      { role: 'user', content: [{ type: 'file', file: {} }] },
      'content[0].type',
      `${noMedia} 4 characters.`,
    ],
    [
      'a spoken answer',
      { role: 'assistant', audio: { id: 'a' } },
      'audio',
      'Expected null (no model here hears), found an object.',
    ],
    [
      "a user's refusal",
      { role: 'user', content: [{ type: 'refusal', refusal: 'No.' }] },
      'content[0].type',
      `${noMedia} 7 characters.`,
    ],
    [
      'a call of another kind',
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'a', input: 'b' } }] },
      'tool_calls[0].type',
      'Expected "function" (no other kind of tool is supported), found text of 6 characters.',
    ],
    [
      'an answer of nothing',
      { role: 'assistant', content: null },
      'content',
      'Expected text, or a list of parts, in a message without tool_calls, found null.',
    ],
    [
      'an answer of no calls',
      { role: 'assistant', tool_calls: [] },
      'content',
      'Expected text, or a list of parts, in a message without tool_calls, found nothing.',
    ],
    [
      'a user who says null',
      { role: 'user', content: null },
      'content',
      'Expected text or a list of at most 1000, each a part of type "text" or "image_url" (no chat model here reads audio or files), found null.',
    ],
    [
      'an unknown role',
      { role: 'robot', content: 'a' },
      'role',
      'Expected "system", "developer", "user", "assistant", "tool" or "function", found text of 5 characters.',
    ],
    [
      'an unknown field',
      { role: 'user', content: 'a', nmae: 'b' },
      'nmae',
      'Expected no other field than role, content, name, found one with text of 1 character.',
    ],
  ])('is refused by name: %s', (_, message, field, words) => {
    expect(refusalOf(message)).toEqual([field, words])
  })
})
