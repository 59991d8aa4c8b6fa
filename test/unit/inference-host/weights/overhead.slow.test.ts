import { PreTrainedTokenizer } from '@huggingface/transformers'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { chatPrompt } from '../../../../inference-host/decoding/writing/prompt.ts'
import { textTokensOf } from '../../../../inference-host/tokens/text-tokens.ts'
import { byteBoundBreaker, measureOverhead } from '../../../../inference-host/weights/overhead.ts'
import { loadTokenizer } from '../../../../inference-host/weights/tokenizer.ts'
import { describeEachModel, embeddedModel, realModel } from '../../../fixtures/models.ts'

type Message = { role: 'system' | 'user' | 'assistant'; content: string }

const bytesOf = (text: string) => new TextEncoder().encode(text).length

const special = fc.constantFrom(
  '<|im_start|>',
  '<|im_end|>',
  '<|im_',
  'start|>',
  '<|endoftext|>',
  '[CLS]',
  '[SEP]',
  '</s>',
)
const awkward = fc.constantFrom(
  '👩‍👩‍👧‍👦',
  '각난닭',
  'e\u0301\u0323',
  '漢字かな',
  '\u0000\u0007\u001b',
  '\r\n\t  ',
  'ﷺ',
  'İŞ',
  '\u200d\u202e',
  '𝅘𝅥𝅮',
  'user\n',
  '1234567890',
  'zßæœ',
)
/** What a JSON body in UTF-8 can hold: every Unicode scalar value, with much that tokenizers treat specially. */
const anyText = fc
  .array(
    fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.lorem({ maxCount: 3 }), special, awkward),
    {
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(''))
const anyRoles: fc.Arbitrary<Message[]> = fc.array(
  fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: anyText }),
  { minLength: 1, maxLength: 10 },
)
/** User and assistant by turns: some templates take nothing else. */
const byTurns: fc.Arbitrary<Message[]> = fc
  .array(anyText, { minLength: 1, maxLength: 10 })
  .map((contents) => contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content })))
const messages = fc.oneof(anyRoles, byTurns)

/** Tokens of a conversation as the host computes it, or undefined where the template refuses it. */
async function promptTokens(
  tokenizer: PreTrainedTokenizer,
  conversation: Message[],
): Promise<number | undefined> {
  const prompt = chatPrompt({ tokenizer, context: 1e6 }, conversation)
  return prompt.then(
    ({ length }) => length,
    () => undefined,
  )
}

async function holdsForChats(tokenizer: PreTrainedTokenizer, numRuns: number): Promise<number> {
  const { request, item } = measureOverhead(tokenizer)
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(messages, async (conversation) => {
      const tokens = await promptTokens(tokenizer, conversation)
      if (tokens === undefined) return
      accepted++
      const bytes = conversation.reduce((sum, { content }) => sum + bytesOf(content), 0)
      expect(tokens).toBeLessThanOrEqual(bytes + request + item * conversation.length)
    }),
    { numRuns },
  )
  return accepted
}

async function holdsForTexts(tokenizer: PreTrainedTokenizer, numRuns: number): Promise<void> {
  const { request, item } = measureOverhead(tokenizer)
  const tokens = textTokensOf(tokenizer)
  await fc.assert(
    fc.asyncProperty(anyText, async (content) => {
      const { ids } = await tokens.plain(content, { around: true, most: 1e6 })
      expect(ids.length).toBeLessThanOrEqual(bytesOf(content) + request + item)
    }),
    { numRuns },
  )
}

const CHAT_MODELS = [
  { ...embeddedModel('twohop-chat'), system: undefined },
  {
    ...realModel('SmolLM2-135M-Instruct'),
    /** What its template puts before a conversation without one. */
    system: 'system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face',
  },
]
const READERS = [
  embeddedModel('twohop-embed'),
  embeddedModel('twohop-classify'),
  realModel('all-MiniLM-L6-v2'),
]

describeEachModel('the overhead of %s', CHAT_MODELS, ({ folder, system }) => {
  let loaded: PreTrainedTokenizer
  beforeAll(async () => {
    loaded = await loadTokenizer(folder)
  })
  const withTemplate = (chat_template: string) =>
    new PreTrainedTokenizer(loaded._tokenizerJSON, { ...loaded._tokenizerConfig, chat_template })

  test('every conversation and every raw prompt is covered', async () => {
    expect(await holdsForChats(loaded, 200)).toBe(200)
    await holdsForTexts(loaded, 200)
    expect(byteBoundBreaker(loaded)).toBeUndefined()
  })

  test('the measure is what ChatML adds: two marks, the role in bytes, a newline', () => {
    // Where a conversation that begins with the costliest role gets a default system prompt: two marks and a newline.
    const before = system === undefined ? 0 : 3 + loaded.encode(system).length
    const generation = 1 + loaded.encode('assistant\n').length
    expect(measureOverhead(loaded)).toEqual({
      request: before + generation,
      item: 3 + bytesOf('assistant\n'),
    })
  })

  test.each([
    [
      'Llama 2, system folded into the first question, roles have to alternate',
      "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ '<|endoftext|>' + '[INST] ' + content.strip() + ' [/INST]' }}{% else %}{{ ' ' + content.strip() + ' ' + '<|im_end|>' }}{% endif %}{% endfor %}",
    ],
    [
      'Gemma, without a system role',
      "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% if message['role'] == 'assistant' %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}",
    ],
    [
      'a long line after every answer and before the last message',
      "{% for message in messages %}{% if loop.last %}{{ 'Now pay attention to what follows, it is the last message of all:\\n' }}{% endif %}{{ '<|im_start|>' + message['role'] + ': ' + message['content'] + '\\n' }}{% if message['role'] == 'assistant' %}{{ '(that was an answer of the assistant, who may be wrong)\\n' }}{% endif %}{% endfor %}{{ '<|im_start|>assistant:' }}",
    ],
  ])('other templates are covered too: %s', async (_, template) => {
    expect(await holdsForChats(withTemplate(template), 200)).toBeGreaterThan(10)
  })

  test('a template that repeats a content is refused', () => {
    const tokenizer = withTemplate(
      '{% for message in messages %}{{ message.content + message.content }}{% endfor %}',
    )
    expect(() => measureOverhead(tokenizer)).toThrow(
      expect.objectContaining({ code: 'template_unsupported' }),
    )
  })

  test('a template that renders nothing is refused', () => {
    const tokenizer = withTemplate("{{ raise_exception('no') }}")
    expect(() => measureOverhead(tokenizer)).toThrow(
      expect.objectContaining({ code: 'template_unsupported' }),
    )
  })

  test('with the NFC normalizer of other families, some characters have more tokens than bytes', () => {
    const nfc = new PreTrainedTokenizer(
      { ...loaded._tokenizerJSON, normalizer: { type: 'NFC' } },
      loaded._tokenizerConfig,
    )
    const breaker = byteBoundBreaker(nfc)
    expect(breaker?.tokens).toBeGreaterThan(breaker?.bytes ?? Number.POSITIVE_INFINITY)
  })
})

describeEachModel('the overhead of %s', READERS, ({ folder }) => {
  test('every input is covered, by its two special tokens', async () => {
    const tokenizer = await loadTokenizer(folder)
    expect(measureOverhead(tokenizer)).toEqual({ request: 0, item: 2 })
    await holdsForTexts(tokenizer, 600)
    expect(byteBoundBreaker(tokenizer)).toBeUndefined()
  })

  // A word piece covers at least one character of the normalized text, and the normalizer works character by
  // character, so this is the whole proof that WordPiece never makes more tokens than there were bytes.
  test('the normalizer makes of no character more characters than it has bytes', async () => {
    const { normalizer } = (await loadTokenizer(folder))._tokenizer
    if (!normalizer) throw new Error('a BERT tokenizer has a normalizer')
    const broken: string[] = []
    for (let point = 0; point <= 0x10ffff; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue
      const character = String.fromCodePoint(point)
      if (character.normalize('NFD') === character && character.toLowerCase() === character) continue
      if ([...normalizer.normalize(character).trim()].length > bytesOf(character)) broken.push(character)
    }
    expect(broken).toEqual([])
  })
})
