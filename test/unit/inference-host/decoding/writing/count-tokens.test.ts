import { expect, test } from 'vitest'
import { countTokens } from '../../../../../inference-host/decoding/writing/count-tokens.ts'
import { chatPrompt } from '../../../../../inference-host/decoding/writing/prompt.ts'
import { loadTokenizer } from '../../../../../inference-host/weights/tokenizer.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'

const messages = [{ role: 'user' as const, content: 'What is Twohop?' }]

async function loaded() {
  const { folder } = embeddedModel('twohop-chat')
  return {
    tokenizer: await loadTokenizer(folder),
    config: {},
    defaults: {},
    context: 2048,
  } as unknown as Parameters<typeof countTokens>[0]
}

async function count(promptTokens: number) {
  const reports: unknown[] = []
  const counts = { promptTokens: 0, outputTokens: 0, readMs: 0 }
  const limits = { promptTokens, outputTokens: 0 }
  const output = await countTokens(
    await loaded(),
    { kind: 'count', messages, limits } as Parameters<typeof countTokens>[1],
    { counts, report: (event: unknown) => reports.push(event) } as unknown as Parameters<
      typeof countTokens
    >[2],
  )
  return { output, counts, reports }
}

test('a prompt has as many tokens as a chat reads of it, and none of them counts as computed', async () => {
  const { length } = await chatPrompt(await loaded(), messages)
  expect(length).toBeGreaterThan(5)
  expect(await count(length)).toEqual({
    output: { kind: 'items', json: [String(length)] },
    counts: { promptTokens: 0, outputTokens: 0, readMs: expect.any(Number) },
    reports: [{ type: 'started', promptTokens: 0 }],
  })
})

test('a prompt longer than what was reserved is refused, as a chat is', async () => {
  await expect(count(3)).rejects.toMatchObject({ code: 'prompt_exceeds_reservation' })
})
