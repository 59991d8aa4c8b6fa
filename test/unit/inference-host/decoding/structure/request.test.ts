import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { hasText, structureOf } from '../../../../../inference-host/decoding/structure/structure.ts'
import { structure, type Tool } from '../../../../../shared/openai/structure.ts'

const Request = z.strictObject(structure)
const tool: Tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } }
const format = { type: 'json_schema' as const, json_schema: { name: 'x', schema: { type: 'string' } } }

describe('the fields of a request', () => {
  test.each([
    ['nothing', {}],
    [
      'OpenAI schemas',
      {
        response_format: {
          ...format,
          json_schema: { ...format.json_schema, strict: true, description: 'd' },
        },
      },
    ],
    [
      'tools',
      {
        tools: [tool],
        tool_choice: { type: 'function', function: { name: 'f' } },
        parallel_tool_calls: false,
      },
    ],
    ['a tool that takes nothing', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['a regular expression', { structured_outputs: { regex: 'a+' } }],
  ])('%s are taken', (_, body) => {
    expect(Request.parse(body)).toEqual(body)
  })

  test.each([
    ['a format that is not known', { response_format: { type: 'xml' } }],
    ['a schema without a name', { response_format: { type: 'json_schema', json_schema: { schema: {} } } }],
    ['a name that is none', { tools: [{ type: 'function', function: { name: 'a b' } }] }],
    ['two structures', { structured_outputs: { regex: 'a', choice: ['b'] } }],
    ['no structure', { structured_outputs: {} }],
    ['65 tools', { tools: Array.from({ length: 65 }, () => tool) }],
    ['another choice', { tool_choice: 'any' }],
  ])('%s are refused', (_, body) => {
    expect(Request.safeParse(body).success).toBe(false)
  })
})

describe('what is asked of an answer', () => {
  test.each([
    ['nothing', {}, undefined],
    ['text', { response_format: { type: 'text' as const } }, undefined],
    ['tools that are not to be called', { tools: [tool], tool_choice: 'none' as const }, undefined],
    ['an object', { response_format: { type: 'json_object' as const } }, { kind: 'json_object' }],
    [
      'a schema',
      { response_format: format },
      { kind: 'json_schema', schema: { type: 'string' }, path: ['response_format', 'json_schema', 'schema'] },
    ],
    ['a choice', { structured_outputs: { choice: ['a', 'b'] } }, { kind: 'choice', choices: ['a', 'b'] }],
    [
      'tools',
      { tools: [tool] },
      { kind: 'tools', tools: [tool], choice: 'auto', parallel: undefined, content: undefined },
    ],
    [
      'several calls',
      { tools: [tool], parallel_tool_calls: true },
      { kind: 'tools', tools: [tool], choice: 'auto', parallel: true, content: undefined },
    ],
    [
      'a call of one',
      { tools: [tool], tool_choice: { type: 'function' as const, function: { name: 'f' } } },
      { kind: 'tools', tools: [tool], choice: { name: 'f' }, parallel: false, content: undefined },
    ],
    [
      'tools or a format',
      { tools: [tool], response_format: { type: 'json_object' as const } },
      { kind: 'tools', tools: [tool], choice: 'auto', parallel: undefined, content: { kind: 'json_object' } },
    ],
  ])('%s', (_, asked, expected) => {
    expect(structureOf(asked)).toEqual(expected)
  })

  test.each([
    ['two formats', { response_format: format, structured_outputs: { regex: 'a' } }, 'structured_outputs'],
    ['a call without tools', { tool_choice: 'required' as const }, 'tool_choice'],
    [
      'a call of another',
      { tools: [tool], tool_choice: { type: 'function' as const, function: { name: 'g' } } },
      'tool_choice.function.name',
    ],
    ['two of a name', { tools: [tool, tool] }, 'tools[1].function.name'],
    [
      'a call and a format',
      { tools: [tool], tool_choice: 'required' as const, response_format: format },
      'tool_choice',
    ],
  ])('%s is refused', (_, asked, param) => {
    expect(() => structureOf(asked)).toThrow(expect.objectContaining({ code: 'invalid_request', param }))
  })
})

test.each([
  ['any text', {}, true],
  ['text or calls', { tools: [tool] }, true],
  ['calls alone', { tools: [tool], tool_choice: 'required' as const }, false],
  ['a format or calls', { tools: [tool], response_format: format }, false],
  ['a format', { response_format: format }, false],
  ['a regular expression', { structured_outputs: { regex: 'a' } }, false],
])('stop strings find text to end in %s: %s', (_, asked, has) => {
  expect(hasText(structureOf(asked))).toBe(has)
})
