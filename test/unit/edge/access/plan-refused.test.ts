import { describe, expect, it } from 'vitest'
import { PlanRefused } from '../../../../edge/access/plan-refused.ts'
import { parseJob } from '../../../../edge/jobs/parse.ts'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { parseEmbedding } from '../../../../edge/parse/embeddings.ts'
import { planOf } from '../../../fixtures/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'

const free = entitledTo('free')
const { output_tokens_max, inputs_max } = planOf('free').limits
const chat = (more: object) => ({
  model: 'twohop-chat',
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: output_tokens_max,
  ...more,
})
const job = (...inputs: object[]) => parseJob({ endpoint: '/v1/chat/completions', inputs }, free)

describe('a refusal that another plan could lift', () => {
  it.each<[string, () => unknown]>([
    ['a scope of the plan', () => free.requireScope('text-classification')],
    ['a model of another plan', () => free.requireModel('twohop-classify', 'text-classification')],
    ['no model of the plan for the task', () => free.requireModel(undefined, 'text-classification')],
    ['a plan that is not offered', () => entitledTo('gone')],
    ['more output than the plan allows', () => parseChat(chat({ max_tokens: output_tokens_max + 1 }), free)],
    [
      'more inputs',
      () => parseEmbedding({ model: 'twohop-embed', input: new Array(inputs_max + 1).fill('a') }, free),
    ],
    ['the same in an input of a job', () => job(chat({}), chat({ max_tokens: output_tokens_max + 1 }))],
  ])('is one for %s', (_, run) => expect(run).toThrow(PlanRefused))

  it.each<[string, () => unknown]>([
    ['a scope of the token', () => entitledTo('pro', undefined, ['embed']).requireScope('chat')],
    ['a model that nobody has', () => free.requireModel('gpt-9', 'chat')],
    ['a bad field', () => parseChat(chat({ max_tokens: 0 }), free)],
    ['the same in an input of a job', () => job(chat({ max_tokens: 0 }))],
  ])('is none for %s', (_, run) => {
    expect(run).toThrow(expect.objectContaining({ name: 'TwohopError' }))
    expect(run).not.toThrow(PlanRefused)
  })
})
