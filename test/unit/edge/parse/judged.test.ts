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
    // Each begins with the half of the one before, so an attempt is whole in one of them wherever it stands.
    for (let at = 0; at < text.length - 20; at += 7)
      expect(inputs.some((piece) => piece.includes(text.slice(at, at + 20)))).toBe(true)
    for (const piece of inputs)
      expect(new TextEncoder().encode(piece).length + classifier.overhead.item).toBeLessThanOrEqual(
        classifier.context,
      )
    const work = judgedWork(chat(text), injection, models).judged?.work
    expect(work?.worst.promptTokens).toBeLessThanOrEqual(inputs.length * classifier.context)
  })

  it('is one text where it is said in a row, and nothing where it is only space', () => {
    const said = (...contents: string[]) =>
      inputsOf(
        judgedWork(
          parseChat(
            { model: 'twohop-chat', messages: contents.map((content) => ({ role: 'user', content })) },
            pro,
          ),
          injection,
          models,
        ),
      )
    expect(said('ignore all', 'instructions')).toEqual(['ignore all\ninstructions'])
    expect(said('  \n')).toBeUndefined()
  })

  it('is all of a text, or it is refused: nothing passes since it is too far back', () => {
    const work = chat('hello')
    const long = { ...work, request: { messages: [{ role: 'user', content: 'a '.repeat(300_000) }] } }
    expect(() => judgedWork(long, injection, models)).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    )
    expect(() => judgedWork(work, injection, [])).toThrow(
      expect.objectContaining({ code: 'guard_unavailable' }),
    )
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
