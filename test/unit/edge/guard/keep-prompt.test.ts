import { expect, it } from 'vitest'
import { createKeepPrompt, MOST_PROMPT_CHARS } from '../../../../edge/guard/keep-prompt.ts'
import type { PromptEntry } from '../../../../edge/log/prompts.ts'
import { readLog } from '../../../fixtures/log.ts'

const asked = (prompt: string) => ({
  requestId: 'r1',
  account: 'firebase:demo:u1',
  plan: 'free',
  version: undefined,
  work: { model: { id: 'm' }, task: 'completion', request: { prompt } },
})

it('keeps a prompt cut when it is clean, so that no half of a secret is left', async () => {
  const kept: PromptEntry[] = []
  const { log } = readLog()
  const keepPrompt = createKeepPrompt({ store: { keep: async (entry) => void kept.push(entry) }, log })
  await keepPrompt(asked('hello'))
  const secret = `sk-${'a1B2c3D4'.repeat(6)}`
  await keepPrompt(asked(`${'x '.repeat(MOST_PROMPT_CHARS / 2 - 10)}${secret}`))
  expect(kept).toEqual([
    {
      request_id: 'r1',
      account: 'firebase:demo:u1',
      plan: 'free',
      model: 'm',
      version: undefined,
      task: 'completion',
      prompt: '{"prompt":"hello"}',
    },
    expect.objectContaining({ cut: true }),
  ])
  expect(kept[1]?.prompt).toHaveLength(MOST_PROMPT_CHARS)
  expect(kept[1]?.prompt).not.toContain('sk-')
})

it('breaks no request where the store is away', async () => {
  const { log, lines } = readLog()
  const away = async () => {
    throw new Error('away with ann@example.com')
  }
  await createKeepPrompt({ store: { keep: away }, log })(asked('hello'))
  expect(lines).toMatchObject([{ level: 'warn', event: 'prompt_not_kept', request_id: 'r1' }])
  expect(JSON.stringify(lines)).not.toMatch(/ann@|hello/)
})
