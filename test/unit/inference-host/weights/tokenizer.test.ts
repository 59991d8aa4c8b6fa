import { expect, test } from 'vitest'
import { loadTokenizer } from '../../../../inference-host/weights/tokenizer.ts'
import { freshFolder, writeFiles } from '../../../fixtures/weights/folder.ts'
import { tinyModel } from '../../../fixtures/weights/tiny-model.ts'

const TEMPLATE = '{% for message in messages %}{{ message.content }}{% endfor %}'

test.each([
  ['of its own', { 'chat_template.jinja': TEMPLATE }, TEMPLATE],
  ['of its own, less than the one in its configuration', { 'chat_template.jinja': 'other' }, TEMPLATE],
  ['nowhere', {}, null],
])('a tokenizer with a chat template in a file %s', async (where, files, expected) => {
  const folder = await freshFolder()
  await writeFiles(folder, { ...tinyModel(10), ...files })
  if (where.includes('configuration'))
    await writeFiles(folder, { 'tokenizer_config.json': JSON.stringify({ chat_template: TEMPLATE }) })
  expect((await loadTokenizer(folder)).chat_template).toBe(expected)
})
