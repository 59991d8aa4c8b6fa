import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toolBytes } from '../../../../edge/parse/messages.ts'
import { chatPrompt } from '../../../../inference-host/decoding/writing/prompt.ts'
import { measureOverhead } from '../../../../inference-host/weights/overhead.ts'
import { textOf } from '../../../../shared/openai/content.ts'
import type { HostMessage } from '../../../../shared/openai/messages.ts'
import { toolCallBytes, toolResponseBytes } from '../../../../shared/openai/tool-text.ts'
import { FAMILIES, markedTokenizer } from '../../../fixtures/marked-tokenizers.ts'

const callOf = (given: string) => ({
  id: 'c',
  type: 'function' as const,
  function: { name: 'look', arguments: given },
})
const bytes = (given: string) => toolCallBytes([callOf(given)]) - toolCallBytes([callOf('')])

describe('the bytes of a call count', () => {
  it.each([
    ['its arguments as they are, where they are the longer', '{"a" :  1.0e0}', '{"a" :  1.0e0}'],
    ['a number as it is printed', '[1e20,1e20]', '[100000000000000000000, 100000000000000000000]'],
    ['a small one too', '{"a":-1e-6}', '{"a": -0.000001}'],
    ['a letter in UTF-8, not as its escape', '{"a":"\\u00e9"}', '{"a":"\\u00e9"}'],
    ['half a letter as its escape', '{"a":"\ud800"}', '{"a": "\\ud800"}'],
    ['text that is no JSON as JSON says it', 'a"\n\u0001', '"a\\"\\n\\u0001"'],
  ])('%s', (_, given, printed) => {
    // No text and no arguments are two quotes.
    expect(bytes(given)).toBe(new TextEncoder().encode(printed).length - 2)
  })
})

it("the bytes of a tool's answer count its escapes", () => {
  const none = toolResponseBytes('')
  expect([toolResponseBytes('yes') - none, toolResponseBytes('a\n"\u0001é') - none]).toEqual([0, 1 + 1 + 5])
})

const JSON_ANSWERS = {
  name: 'one that prints answers as JSON',
  marks: FAMILIES[0]?.marks ?? [],
  template:
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' }}{% if message.role == 'tool' %}{{ '<tool_response>' }}{{ message.content | tojson }}{{ '</tool_response>' }}{% else %}{{ message.content }}{% endif %}{% for call in message.tool_calls or [] %}{{ '\\n<tool_call>' }}{{ call.function | tojson }}{{ '</tool_call>' }}{% endfor %}{{ '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}{# tools #}",
}

describe.each([...FAMILIES.filter(({ template }) => template.includes('tools')), JSON_ANSWERS])(
  'a prompt of $name',
  (family) => {
    it('has no more tokens than were reserved for it by its bytes', async () => {
      const tokenizer = await markedTokenizer(family)
      const { request, item } = measureOverhead(tokenizer)
      const number = fc.constantFrom('1e20', '-1e-6', '1E+20', '0.1e-5', '123456789012345678901', '5e-324')
      const given = fc.oneof(
        fc.array(number, { maxLength: 30 }).map((numbers) => `[${numbers.join(',')}]`),
        fc
          .dictionary(fc.string({ maxLength: 4 }), number)
          .map((all) => `{${Object.entries(all).map(([name, one]) => `${JSON.stringify(name)}:${one}`)}}`),
        fc.json(),
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.constant('"\u0001'.repeat(40)),
      )
      const answer = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.constant('\n"\u0002'.repeat(200)),
      )
      await fc.assert(
        fc.asyncProperty(given, answer, async (args, content) => {
          const messages: HostMessage[] = [
            { role: 'user', content: 'hi' },
            { role: 'assistant', content: null, tool_calls: [callOf(args)] },
            { role: 'tool', content: content.toWellFormed(), tool_call_id: 'c' },
          ]
          const tokens = await chatPrompt({ tokenizer, context: 1e6 }, messages)
          const counted = messages.reduce(
            (sum, message) => sum + Buffer.byteLength(textOf(message.content)) + toolBytes(message),
            0,
          )
          expect(tokens.length).toBeLessThanOrEqual(counted + request + item * messages.length)
        }),
        { numRuns: 100 },
      )
    })
  },
)
