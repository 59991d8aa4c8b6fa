import { expect, it } from 'vitest'
import { TASKS } from '../../../../shared/catalog.ts'
import { ATTRIBUTE, operationOf } from '../../../../shared/tracing/names.ts'

it('names each thing once, by the conventions or by our own name', () => {
  const names = Object.values(ATTRIBUTE)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^(?:gen_ai|http|error|twohop)(?:\.[a-z_]+)+$/)
})

it('holds nothing that could be a text of somebody: no message, prompt, URL, account or token', () => {
  for (const name of Object.values(ATTRIBUTE))
    expect(name).not.toMatch(/message|prompt|instructions|url|address|account|user|key|\btoken\b/)
})

it('calls the tasks as the conventions do, where they have a name for one', () => {
  expect(Object.fromEntries(TASKS.map((task) => [task, operationOf(task)]))).toMatchObject({
    chat: 'chat',
    completion: 'text_completion',
    'text-generation': 'text_completion',
    embedding: 'embeddings',
    'feature-extraction': 'embeddings',
    translation: 'translation',
  })
})
