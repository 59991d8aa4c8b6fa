import { expect, test } from 'vitest'
import { chatPrompt, textPrompt } from '../../../../../inference-host/decoding/writing/prompt.ts'
import { publicPrefixes } from '../../../../../inference-host/decoding/writing/public-prefixes.ts'
import { loadTokenizer } from '../../../../../inference-host/weights/tokenizer.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'

const tokenizer = await loadTokenizer(embeddedModel('twohop-chat').folder)
const model = { tokenizer, context: 2048 }
const SYSTEM = 'You answer questions about gardens, in one short sentence.'

const asks = (system: string, content: string) =>
  chatPrompt(model, [
    { role: 'system', content: system },
    { role: 'user', content },
  ])
const begins = (prompt: number[], prefix: number[]) => prefix.every((id, i) => id === prompt[i])

test('a chat that begins with the text begins with its tokens, whatever follows; another does not', async () => {
  const [chat = [], text = []] = await publicPrefixes(model, [SYSTEM])
  for (const content of ['What is a rose?', '.', '日本', '\n'])
    expect(begins(await asks(SYSTEM, content), chat)).toBe(true)
  expect(tokenizer.decode(chat)).toContain(SYSTEM)
  expect(begins(await asks(`${SYSTEM} Be kind.`, 'What is a rose?'), chat)).toBe(false)
  expect(begins(await textPrompt(model, `${SYSTEM} So`), text)).toBe(true)
})

test('a model without a chat template has the text alone', async () => {
  const bare = Object.create(tokenizer, { chat_template: { value: null } }) as typeof tokenizer
  expect(await publicPrefixes({ ...model, tokenizer: bare }, [SYSTEM])).toHaveLength(1)
  expect(await publicPrefixes(model, [])).toEqual([])
})
