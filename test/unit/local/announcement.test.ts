import { expect, it } from 'vitest'
import { announcement } from '../../../local/announcement.ts'
import { questionsFor } from '../../../local/questions.ts'
import type { StackFile } from '../../../local/stack-file.ts'

const FILE = {
  edge: { url: 'http://127.0.0.1:8787', cronUrl: '', pid: 1 },
  postgres: { url: 'http://127.0.0.1:54321', publishableKey: 'p', secretKey: 's', kind: 'embedded', pid: 2 },
  issuers: { supabase: { url: 'http://127.0.0.1:8789' } },
  tokens: { supabase: { free: 'SECRET' } },
  models: { chat: 'twohop-chat', embed: 'twohop-embed', classify: null },
} as unknown as StackFile
const OPTIONS = {
  ...{ stackFile: '.local/stack.json', headerFile: '.local/curl.txt', example: 'examples/extension' },
  ...{ emulators: undefined, colour: false, verbose: false },
}
const lines = (file: Partial<StackFile> = {}, options: Partial<typeof OPTIONS> = {}) =>
  announcement({ ...FILE, ...file } as StackFile, { ...OPTIONS, ...options }).split('\n')

it('fits a screen beside the five lines of the parts, and shows no token', () => {
  const text = lines({}, { emulators: 'firebase:demo-app,supabase:http://127.0.0.1:54321' } as object)
  expect(text.length + 5).toBeLessThanOrEqual(24)
  expect(Math.max(...text.map(({ length }) => length))).toBeLessThanOrEqual(100)
  expect(text.join('\n')).not.toContain('SECRET')
  expect(text.join('\n')).toContain('/dashboard, for the same users; admin@example.com sees all.')
})

it('asks what the model answers, and another model something else', () => {
  expect(questionsFor('my-chat')).not.toContain('What is Twohop?')
  expect(lines().join('\n')).toContain(questionsFor('twohop-chat')[0])
  const other = lines({ models: { chat: "it's-mine", embed: null, classify: null } }).join('\n')
  expect(other).toContain(questionsFor('other')[0])
  // A quote in a name ends no word of the shell.
  expect(other).toContain(`"model":"it'\\''s-mine"`)
})

it('asks an encoder where there is no chat model, and says nothing of a ledger that is not there', () => {
  const text = lines({ models: { chat: null, embed: 'e5', classify: null }, postgres: null }).join('\n')
  expect(text).toContain('/v1/embeddings')
  expect(text).not.toContain('usage_events')
})
