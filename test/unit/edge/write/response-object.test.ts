import { describe, expect, it } from 'vitest'
import { response, statusOf, written } from '../../../../edge/write/response-object.ts'
import { publishedFields } from '../../../fixtures/openai/published.ts'
import { echo } from '../../../fixtures/response-echo.ts'

describe('a response', () => {
  it('has the fields that the openai package says are always there, but for what the package adds itself', () => {
    const made = response({
      echo,
      requestId: 'r1',
      created: 7,
      output: [],
      usage: undefined,
      status: 'in_progress',
    })
    const fields = publishedFields('responses/responses', 'Response')
    const always = Object.keys(fields).filter((field) => !fields[field]?.optional)
    const missing = always.filter((field) => !(field in made))
    expect(missing).toEqual(['output_text'])
    expect(Object.keys(made).filter((field) => !(field in fields))).toEqual(['store'])
    expect(made).toMatchObject({ ...echo, id: 'resp_r1', created_at: 7, store: false, usage: null })
  })

  it('writes an item without its content until it has ended', () => {
    const text = { kind: 'message' as const, id: 'm', text: 'Hi', logprobs: [] }
    expect(written({ ...text, status: 'in_progress' })).toMatchObject({ content: [] })
    expect(written({ ...text, status: 'completed' })).toMatchObject({
      content: [{ type: 'output_text', text: 'Hi', annotations: [], logprobs: [] }],
    })
  })

  it('is incomplete only where its room did not suffice', () => {
    expect(['stop', 'tool_calls', 'length', undefined].map((why) => statusOf(why as 'stop'))).toEqual([
      'completed',
      'completed',
      'incomplete',
      'completed',
    ])
  })
})
