import { describe, expect, it } from 'vitest'
import { parseChat } from '../../../../edge/parse/chat.ts'
import { parseEmbedding } from '../../../../edge/parse/embeddings.ts'
import { judgedWork } from '../../../../edge/parse/judged.ts'
import { parseTask } from '../../../../edge/parse/tasks.ts'
import { Guards } from '../../../../shared/catalog.ts'
import { catalog, modelOf } from '../../../fixtures/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'

const pro = entitledTo('pro')
const { models } = catalog
const classifier = modelOf('twohop-classify')
const { injection } = Guards.parse({ injection: { model: classifier.id, in: 'block' } })
const chat = (content: string) =>
  parseChat(
    {
      model: 'twohop-chat',
      messages: [
        { role: 'system', content: 'You are a helper.' },
        { role: 'user', content },
        {
          role: 'assistant',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'page', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'text of a page' },
      ],
    },
    pro,
  )
const inputsOf = (work: ReturnType<typeof judgedWork>) =>
  (work.judged?.work.request as { inputs: string[] } | undefined)?.inputs

describe('what a classifier judges', () => {
  it('is what users and tools say', () => {
    expect(inputsOf(judgedWork(chat('hello'), injection, models))).toEqual(['hello', 'text of a page'])
    expect(
      inputsOf(judgedWork(parseTask('text-generation', { inputs: 'once' }, pro), injection, models)),
    ).toEqual(['once'])
  })

  it('comes in pieces that it can hold, and all of a text is in them', () => {
    const text = 'grün und 😀 '.repeat(100)
    const inputs = inputsOf(judgedWork(chat(text), injection, models)) ?? []
    expect(inputs.slice(0, -1).join('').trim()).toBe(text.trim())
    for (const piece of inputs)
      expect(new TextEncoder().encode(piece).length + classifier.overhead.item).toBeLessThanOrEqual(
        classifier.context,
      )
    const work = judgedWork(chat(text), injection, models).judged?.work
    expect(work?.worst.promptTokens).toBeLessThanOrEqual(inputs.length * classifier.context)
  })

  it('is nothing where the guard is off, or the model follows no orders', () => {
    expect(judgedWork(chat('hello'), undefined, models).judged).toBeUndefined()
    expect(
      judgedWork(chat('hello'), Guards.parse({ injection: { model: classifier.id } }).injection, models)
        .judged,
    ).toBeUndefined()
    const embedding = parseEmbedding({ model: 'twohop-embed', input: 'hello' }, pro)
    expect(judgedWork(embedding, injection, models)).toBe(embedding)
  })
})
