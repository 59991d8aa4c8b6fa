import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadText } from '../../../../inference-host/device/load.ts'
import { readChatTemplate } from '../../../../inference-host/tokens/chat-template.ts'
import { embeddedModel } from '../../../fixtures/models.ts'

const { folder } = embeddedModel('twohop-chat')

test('a chat template in a file of its own is the one that the host chats by', async () => {
  const copy = await mkdtemp(path.join(tmpdir(), 'chat-template-'))
  onTestFinished(() => rm(copy, { recursive: true, maxRetries: 10 }))
  await cp(folder, copy, { recursive: true })
  const file = path.join(copy, 'tokenizer_config.json')
  const { chat_template: template, ...config } = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify(config))
  expect(await readChatTemplate(copy)).toBeNull()
  await writeFile(path.join(copy, 'chat_template.jinja'), template)
  expect((await loadText({ folder: copy, context: undefined })).tokenizer.chat_template).toBe(template)
})
