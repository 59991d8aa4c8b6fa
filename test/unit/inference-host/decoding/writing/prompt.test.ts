import type { PreTrainedTokenizer } from '@huggingface/transformers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chatPrompt, textPrompt } from '../../../../../inference-host/decoding/writing/prompt.ts'
import { marksOf } from '../../../../../inference-host/tokens/marks.ts'
import { loadTokenizer } from '../../../../../inference-host/weights/tokenizer.ts'
import type { HostMessage } from '../../../../../shared/openai/messages.ts'
import { longestToken } from '../../../../fixtures/longest-token.ts'
import { FAMILIES, markedTokenizer } from '../../../../fixtures/marked-tokenizers.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'

const CONTEXT = 100_000
type Chat = Parameters<typeof chatPrompt>[1]
const CALL = (given: string): HostMessage => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: given } }],
})

/** The marks among the ids of a prompt, in order. */
function marksIn(tokenizer: PreTrainedTokenizer, ids: readonly number[]): string[] {
  const marks = marksOf(tokenizer)
  return ids.map((id) => tokenizer._tokenizer.id_to_token(id) ?? '').filter((token) => marks.has(token))
}

/** The text with full-width letters and signs for ASCII's. */
const wide = (text: string) =>
  text.replaceAll(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0))

describe.each(FAMILIES)('a prompt of $name', (family) => {
  const loading = markedTokenizer(family)
  const forged = (text: string): Chat[] => [
    [
      { role: 'user', content: text },
      { role: 'assistant', content: text },
    ],
    [
      { role: 'system', content: text },
      { role: 'user', content: text },
    ],
    [
      { role: 'user', content: 'hi' },
      CALL(JSON.stringify({ [text]: [text, { a: text }] })),
      { role: 'tool', content: text, tool_call_id: 'c' },
    ],
    [{ role: 'user', content: 'hi' }, CALL(`not JSON ${text}`)],
    // Escapes in JSON say nothing of a mark until a template has them parsed.
    [
      { role: 'user', content: 'hi' },
      CALL(`{"a":"${text.replaceAll(/[<[|]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)}"}`),
    ],
  ]
  const toolsOf = (text: string) => [
    {
      type: 'function' as const,
      function: { name: 'look', description: text, parameters: { type: 'object', [text]: { enum: [text] } } },
    },
  ]

  test('has no mark that was sent, from any role, tool or call', async () => {
    const tokenizer = await loading
    const model = { tokenizer, context: CONTEXT }
    const all = family.marks.map(({ content }) => content)
    const attack = `x${all.join('y')}\n ${all.at(0)} ${all.map(wide).join(' ')} ${wide(all[0] ?? '')}`
    for (const [i, chat] of forged(attack).entries()) {
      const harmless = forged('nothing at all')[i] ?? []
      const usual = marksIn(tokenizer, await chatPrompt(model, harmless, { tools: toolsOf('nothing') }))
      const found = marksIn(tokenizer, await chatPrompt(model, chat, { tools: toolsOf(attack) }))
      expect(found).toEqual(usual)
      expect(usual).not.toEqual([])
    }
    expect(marksIn(tokenizer, await textPrompt(model, attack))).toEqual([])
  })

  test('says what was sent, letter by letter', async () => {
    const tokenizer = await loading
    const text = `one ${family.marks[0]?.content}two ${family.marks[1]?.content}  three < [ four`
    const ids = await chatPrompt({ tokenizer, context: CONTEXT }, [{ role: 'user', content: text }])
    expect(tokenizer.decode(ids, { skip_special_tokens: false })).toContain(text)
  })

  test('is the one of transformers.js where nothing that was sent reads like a mark', async () => {
    const tokenizer = await loading
    const messages = [
      { role: 'system', content: 'Be kind; a < b, and [1, 2].' },
      { role: 'user', content: 'What  is\n a rose? 漢字 👩‍👩‍👧 ' },
    ] as const
    const text = tokenizer.apply_chat_template([...messages], {
      tokenize: false,
      add_generation_prompt: true,
    })
    expect(await chatPrompt({ tokenizer, context: CONTEXT }, messages)).toEqual(
      tokenizer.encode(String(text), { add_special_tokens: false }),
    )
  })

  test('no parts of marks come together, across messages and templates', async () => {
    const tokenizer = await loading
    const model = { tokenizer, context: CONTEXT }
    const parts = family.marks.flatMap(({ content }) => [
      content.slice(0, 2),
      content.slice(2),
      content.slice(0, -1),
      content.slice(-1),
      content,
    ])
    const text = fc
      .array(fc.oneof(fc.constantFrom(...parts), fc.constantFrom(' ', '\n', 'a', '\uFDD0')), { maxLength: 4 })
      .map((all) => all.join(''))
    const anyRole = fc.constantFrom('user', 'assistant', 'system')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyRole, text), { minLength: 1, maxLength: 5 }), async (turns) => {
        const chat = (of: (content: string) => string) =>
          turns.map(([role, content]) => ({ role, content: of(content) }) as HostMessage)
        const [found, usual] = await Promise.all([
          chatPrompt(
            model,
            chat((content) => content),
          ),
          chatPrompt(
            model,
            chat(() => 'a'),
          ),
        ])
        expect(marksIn(tokenizer, found)).toEqual(marksIn(tokenizer, usual))
      }),
      { numRuns: 100 },
    )
  })
})

describe('a prompt that is too long', () => {
  const model = { context: 64 }

  test('is refused by its bytes before it is read, whatever the role', async () => {
    const tokenizer = await loadTokenizer(embeddedModel('twohop-chat').folder)
    const content = 'a'.repeat(250_000)
    const refused = { code: 'context_length_exceeded', param: 'messages' }
    for (const role of ['system', 'user', 'assistant'] as const)
      await expect(chatPrompt({ ...model, tokenizer }, [{ role, content }])).rejects.toMatchObject(refused)
    await expect(textPrompt({ ...model, tokenizer }, content)).rejects.toMatchObject({
      ...refused,
      param: 'prompt',
    })
  })

  test('every byte of the longest token is counted: what may fit is read', async () => {
    const tokenizer = await loadTokenizer(embeddedModel('twohop-chat').folder)
    const longest = longestToken(tokenizer)
    const ids = await textPrompt({ ...model, tokenizer }, longest.repeat(64))
    expect(ids).toHaveLength(64)
    await expect(textPrompt({ ...model, tokenizer }, `${longest.repeat(64)} `)).rejects.toMatchObject({
      code: 'context_length_exceeded',
    })
  })
})

test('a request with every character that could stand for a gap is refused', async () => {
  const tokenizer = await loadTokenizer(embeddedModel('twohop-chat').folder)
  const content = String.fromCharCode(...Array.from({ length: 32 }, (_, i) => 0xfdd0 + i))
  await expect(
    chatPrompt({ tokenizer, context: CONTEXT }, [{ role: 'user', content }]),
  ).rejects.toMatchObject({
    code: 'invalid_request',
    param: 'messages',
  })
})

test('a template keeps its own marks around calls and their answers', async () => {
  const qwen = FAMILIES.find(({ template }) => template.includes('tools'))
  if (qwen === undefined) throw new Error('no family has tools')
  const tokenizer = await markedTokenizer(qwen)
  const answer: HostMessage = { role: 'tool', content: 'rain', tool_call_id: 'c' }
  const chat: Chat = [{ role: 'user', content: 'hi' }, CALL('{"a":1}'), answer]
  const ids = await chatPrompt({ tokenizer, context: CONTEXT }, chat)
  expect(marksIn(tokenizer, ids).filter((mark) => mark.includes('tool'))).toEqual([
    '<tool_call>',
    '</tool_call>',
    '<tool_response>',
    '</tool_response>',
  ])
})
