import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Structure } from '../../../../../inference-host/decoding/structure/structure.ts'
import {
  createToolCallReader,
  joinToolCalls,
} from '../../../../../inference-host/decoding/structure/tool-calls.ts'
import {
  promptWithTools,
  type ToolChatMessage,
} from '../../../../../inference-host/decoding/structure/tool-prompt.ts'
import { seededRandom } from '../../../../../inference-host/decoding/writing/random.ts'
import type { Tool } from '../../../../../shared/openai/structure.ts'
import { toolPromptBytes } from '../../../../../shared/openai/tool-text.ts'
import { embeddedModel } from '../../../../fixtures/models.ts'
import {
  bind,
  endless,
  generate,
  type Model,
  opening,
  STOP,
  uniform,
  validator,
  vocabularyOf,
} from '../../../../fixtures/structure/drive.ts'

/** A whole answer, read at once. */
function readToolCalls(answer: string, newId: () => string) {
  const reader = createToolCallReader(newId)
  const pieces = [reader.push(answer), reader.flush()]
  return {
    content: pieces.map(({ content }) => content).join(''),
    toolCalls: joinToolCalls(pieces.flatMap(({ toolCalls }) => toolCalls)),
  }
}

const vocabulary = vocabularyOf(embeddedModel('twohop-chat').folder)
const parameters = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 12 }, days: { type: 'integer', minimum: 1, maximum: 7 } },
  required: ['city'],
  additionalProperties: false,
}
const WEATHER: Tool = {
  type: 'function',
  function: { name: 'get_weather', description: 'The weather', parameters },
}
const CLOCK: Tool = { type: 'function', function: { name: 'clock' } }
const CALLED = { name: 'another', arguments: '{}' }
const MESSAGES: ToolChatMessage[] = [{ role: 'user', content: 'Rain?' }]

type Tools = Extract<Structure, { kind: 'tools' }>
const structure = (more: Partial<Tools>): Tools => ({
  kind: 'tools',
  tools: [WEATHER, CLOCK],
  choice: 'required',
  parallel: true,
  content: undefined,
  ...more,
})
const numbered = () => {
  let calls = 0
  return () => `call_${calls++}`
}
/** Writes a text, as far as the mask lets it. */
function saying(text: string): Model {
  const left = [...Buffer.from(text)]
  return (allowed) => {
    const next = allowed.find(
      (id) => vocabulary.tokens[id]?.length === 1 && vocabulary.tokens[id]?.[0] === left[0],
    )
    if (next === undefined) return allowed.includes(STOP) ? STOP : (allowed[0] ?? STOP)
    left.shift()
    return next
  }
}

describe('whatever is chosen', () => {
  const validate = validator().compile(parameters)

  test('required calls are calls of the tools, with arguments that validate', () => {
    const structured = bind(structure({}), vocabulary)
    let most = 0
    for (let seed = 0; seed < 30; seed++) {
      const model = [uniform, endless, opening][seed % 3]?.(seededRandom(seed), vocabulary) ?? (() => STOP)
      const { content, toolCalls } = readToolCalls(
        generate(structured.start(150), vocabulary, model, 150),
        numbered(),
      )
      expect(content).toBe('')
      most = Math.max(most, toolCalls.length)
      for (const [place, { id, function: called }] of toolCalls.entries()) {
        expect(id).toBe(`call_${place}`)
        const given = JSON.parse(called.arguments)
        if (called.name === 'clock') expect(given).toEqual({})
        else expect([called.name, validate(given)]).toEqual(['get_weather', true])
      }
    }
    expect(most).toBeGreaterThan(1)
  })

  test('a named function is called, once', () => {
    const structured = bind(structure({ choice: { name: 'get_weather' }, parallel: false }), vocabulary)
    for (let seed = 0; seed < 10; seed++) {
      const answer = generate(structured.start(80), vocabulary, opening(seededRandom(seed), vocabulary), 80)
      const { toolCalls } = readToolCalls(answer, numbered())
      expect(toolCalls.map((call) => call.function.name)).toEqual(['get_weather'])
    }
  })

  test('without parallel calls there is one', () => {
    const structured = bind(structure({ parallel: false }), vocabulary)
    for (let seed = 0; seed < 10; seed++) {
      const answer = generate(structured.start(120), vocabulary, opening(seededRandom(seed), vocabulary), 120)
      expect(readToolCalls(answer, numbered()).toolCalls).toHaveLength(1)
    }
  })

  test('auto is text, calls, or text and then calls; what looks like a call is one', () => {
    const structured = bind(structure({ choice: 'auto' }), vocabulary)
    const read = (text: string) =>
      readToolCalls(generate(structured.start(400), vocabulary, saying(text), 400), numbered())
    expect(read('Just <text>, <tool and <<tool_cal > it.')).toEqual({
      content: 'Just <text>, <tool and <<tool_cal > it.',
      toolCalls: [],
    })
    const call = '<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>'
    expect(read(call).toolCalls.map((one) => one.function)).toEqual([{ name: 'clock', arguments: '{}' }])
    expect(read(`Let me see. ${call}\n${call}`)).toMatchObject({
      content: 'Let me see. ',
      toolCalls: [{}, {}],
    })
    expect(read(`Let <${call}`)).toMatchObject({ content: 'Let <', toolCalls: [{}] })
    expect(read('<tool_call> nonsense').toolCalls).toHaveLength(1)
  })

  test('auto with a format is that format, or calls', () => {
    const content: Structure = { kind: 'json_schema', schema: { type: 'integer' }, path: ['schema'] }
    const structured = bind(structure({ choice: 'auto', content }), vocabulary)
    expect(generate(structured.start(60), vocabulary, saying('42!'), 60)).toBe('42')
    expect(generate(structured.start(60), vocabulary, saying('<'), 60)).toContain('<tool_call>')
  })

  test('parameters that are not supported are refused at their tool', () => {
    const tool: Tool = {
      type: 'function',
      function: { name: 'x', parameters: { type: 'object', extends: {} } },
    }
    expect(() => bind(structure({ tools: [CLOCK, tool] }), vocabulary)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'tools[1].function.parameters.extends' }),
    )
  })
})

describe('a reader of calls', () => {
  const args = JSON.stringify({ city: 'Z}\n</tool_call>', q: '"}' })
  const answer = `Wait.\n<tool_call>\n{"name": "a", "arguments": ${args}}\n</tool_call>\n<tool_call>\n{"name": "b", "arguments": {}}\n</tool_call>`

  test('reads the same however the answer is cut into pieces', () => {
    const whole = readToolCalls(answer, numbered())
    expect(whole.content).toBe('Wait.\n')
    expect(whole.toolCalls.map((call) => call.function)).toEqual([
      { name: 'a', arguments: args },
      { name: 'b', arguments: '{}' },
    ])
    fc.assert(
      fc.property(fc.array(fc.nat({ max: answer.length }), { maxLength: 12 }), (cuts) => {
        const reader = createToolCallReader(numbered())
        const places = [0, ...cuts.sort((a, b) => a - b), answer.length]
        const pieces = places.slice(1).map((end, place) => reader.push(answer.slice(places[place], end)))
        pieces.push(reader.flush())
        const deltas = pieces.flatMap((piece) => piece.toolCalls)
        for (const [index, call] of whole.toolCalls.entries()) {
          const own = deltas.filter((delta) => delta.index === index)
          expect(own[0]).toMatchObject({
            id: call.id,
            type: 'function',
            function: { name: call.function.name },
          })
          expect(own.slice(1).every((delta) => delta.id === undefined)).toBe(true)
          expect(own.map((delta) => delta.function.arguments).join('')).toBe(call.function.arguments)
        }
        expect(pieces.map((piece) => piece.content).join('')).toBe('Wait.\n')
      }),
    )
  })

  test('gives arguments as they come, and holds back only what may be a mark', () => {
    const reader = createToolCallReader(numbered())
    expect(reader.push('a <too').content).toBe('a ')
    expect(reader.push('l').content).toBe('')
    expect(reader.push('s>').content).toBe('<tools>')
    reader.push('<tool_call>\n{"name": "a", "arguments": {"ci')
    expect(reader.push('ty": "x').toolCalls).toEqual([{ index: 0, function: { arguments: 'ity": "' } }])
  })

  test('text without calls is content', () => {
    expect(readToolCalls('a <', numbered())).toEqual({ content: 'a <', toolCalls: [] })
  })
})

describe('the prompt', () => {
  const qwen = '{%- if tools %}<tool_call>{% endif %}'
  const called: ToolChatMessage[] = [
    ...MESSAGES,
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'clock', arguments: '{"a":1}' } }],
    },
    { role: 'tool', content: 'noon', tool_call_id: 'c1' },
  ]

  test('hands the tools to a template that knows them', () => {
    expect(promptWithTools(called, [CLOCK], 'auto', qwen)).toEqual({
      tools: [CLOCK],
      messages: [
        MESSAGES[0],
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ type: 'function', function: { name: 'clock', arguments: { a: 1 } } }],
        },
        { role: 'tool', content: 'noon', name: 'clock' },
      ],
    })
    expect(promptWithTools(called, [CLOCK], 'none', qwen).tools).toBeUndefined()
  })

  test('looks at each message a few times, however many there are', () => {
    let looks = 0
    const counted = (message: ToolChatMessage) =>
      new Proxy(message, {
        has(target, name) {
          looks++
          return Reflect.has(target, name)
        },
      })
    const turns = Array.from({ length: 500 }, (_, i): ToolChatMessage[] => [
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: `c${i}`, type: 'function', function: { name: `f${i}`, arguments: '{}' } }],
      },
      { role: 'tool', content: '', tool_call_id: `c${i}` },
    ])
    const { messages } = promptWithTools(turns.flat().map(counted), undefined, 'auto', qwen)
    expect(messages.at(-1)).toEqual({ role: 'tool', content: '', name: 'f499' })
    expect(looks).toBeLessThanOrEqual(3 * 1000)
  })

  test('names the first call of an id that several have', () => {
    const again = called.map((message) =>
      'tool_calls' in message
        ? { ...message, tool_calls: message.tool_calls.map((call) => ({ ...call, function: CALLED })) }
        : message,
    )
    const { messages } = promptWithTools([...called, ...again], [CLOCK], 'auto', qwen)
    expect(messages.flatMap((one) => ('name' in one ? [one.name] : []))).toEqual(['clock', 'clock'])
  })

  test('explains them in a system text to one that does not', () => {
    const { messages, tools } = promptWithTools(called, [WEATHER], 'auto', '{{ messages }}')
    expect(tools).toBeUndefined()
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user'])
    expect(messages[0]?.content).toContain('"name":"get_weather"')
    expect(readToolCalls(messages[2]?.content ?? '', numbered()).toolCalls[0]?.function).toEqual({
      name: 'clock',
      arguments: '{"a":1}',
    })
    expect(messages[3]?.content).toBe('<tool_response>\nnoon\n</tool_response>')
  })

  test('joins the system text that is there', () => {
    const [first, ...rest] = promptWithTools(
      [{ role: 'system', content: 'Be kind.' }, ...MESSAGES],
      [CLOCK],
      'auto',
      '',
    ).messages
    expect(first?.content).toMatch(/^Be kind\.\n\nYou can call/)
    expect(rest).toEqual(MESSAGES)
  })

  test('never has more bytes for the tools than are reserved for them', () => {
    const plain = promptWithTools(MESSAGES, [WEATHER, CLOCK], 'auto', '').messages[0]?.content ?? ''
    expect(Buffer.byteLength(plain)).toBeLessThan(toolPromptBytes([WEATHER, CLOCK]))
  })
})
