import { Ajv2020 } from 'ajv/dist/2020.js'
import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { CHAT, call, newUser, refusal, stack, usageEvents } from '../fixtures/stack/client.ts'

const parameters = {
  type: 'object',
  properties: {
    topic: { enum: ['budget', 'edge', 'host'] },
    limit: { type: 'integer', minimum: 1, maximum: 9 },
  },
  required: ['topic', 'limit'],
  additionalProperties: false,
}
const tool = { type: 'function' as const, function: { name: 'search', parameters } }
const { token } = await newUser('pro')
const client = new OpenAI({ baseURL: `${stack.edge.url}/v1`, apiKey: token, maxRetries: 0 })
const messages = [{ role: 'user' as const, content: 'What is a budget?' }]

it('a schema holds, whole and streamed', async () => {
  const response_format = {
    type: 'json_schema' as const,
    json_schema: { name: 'query', schema: parameters, strict: true },
  }
  const asked = { model: CHAT, messages, response_format, temperature: 1, seed: 2 }
  const answer = await client.chat.completions.create(asked)
  const text = answer.choices[0]?.message.content ?? ''
  const query = JSON.parse(text) as { topic: string; limit: number }
  expect(Object.keys(query).toSorted()).toEqual(['limit', 'topic'])
  expect(parameters.properties.topic.enum).toContain(query.topic)
  let streamed = ''
  for await (const chunk of await client.chat.completions.create({ ...asked, stream: true }))
    streamed += chunk.choices[0]?.delta.content ?? ''
  expect(streamed).toBe(text)
})

it("a tool is called, its answer read, and the prompt's growth is within what was reserved", async () => {
  const asked = { model: CHAT, tools: [tool], tool_choice: 'required' as const, temperature: 1, seed: 4 }
  const runner = client.chat.completions.stream({ ...asked, messages })
  const toolCall = (await runner.finalChatCompletion()).choices[0]?.message.tool_calls?.[0]
  expect(toolCall?.type === 'function' && toolCall.function.name).toBe('search')
  const given = JSON.parse(toolCall?.type === 'function' ? toolCall.function.arguments : '') as {
    limit: number
  }
  expect(given.limit).toBeGreaterThanOrEqual(1)

  const { data, response } = await client.chat.completions
    .create({
      model: CHAT,
      tools: [tool],
      max_tokens: 5,
      messages: [
        ...messages,
        {
          role: 'assistant',
          tool_calls: [
            {
              id: toolCall?.id ?? '',
              type: 'function',
              function: { name: 'search', arguments: '{"topic":"budget","limit":1}' },
            },
          ],
        },
        { role: 'tool', tool_call_id: toolCall?.id ?? '', content: 'A budget is what an account may spend.' },
      ],
    })
    .withResponse()
  const [event] = await usageEvents(response.headers.get('x-request-id') ?? '')
  expect(event).toMatchObject({ outcome: 'ok', prompt_tokens: String(data.usage?.prompt_tokens) })
})

type Answers = {
  choices: { text: string; message: { content: string } }[]
  output: { content: { text: string }[] }[]
  content: { text: string }[]
}
/** Every way to ask for an answer by a schema: its body, its answer's text, and what the schema is called there. */
const WAYS: Record<
  string,
  { body: (schema: object) => object; text: (answer: Answers) => string | undefined; field: string }
> = {
  '/v1/chat/completions': {
    body: (schema) => ({
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
    }),
    text: ({ choices }) => choices[0]?.message.content,
    field: 'response_format.json_schema.schema',
  },
  '/v1/completions': {
    body: (json) => ({ prompt: 'A budget is', structured_outputs: { json } }),
    text: ({ choices }) => choices[0]?.text,
    field: 'structured_outputs.json',
  },
  '/v1/responses': {
    body: (schema) => ({
      input: 'What is a budget?',
      text: { format: { type: 'json_schema', name: 'a', schema } },
    }),
    text: ({ output }) => output[0]?.content[0]?.text,
    field: 'text.format.schema',
  },
  '/v1/messages': {
    body: (schema) => ({
      messages,
      max_tokens: 100,
      output_config: { format: { type: 'json_schema', schema } },
    }),
    text: ({ content }) => content[0]?.text,
    field: 'output_config.format.schema',
  },
}
/** What no small model writes by itself: a list whose length another property decides, of different multiples, and a day. */
const strict = {
  type: 'object',
  properties: {
    kind: { enum: ['few', 'many'] },
    numbers: {
      type: 'array',
      items: { type: 'integer', minimum: 10, maximum: 40, multipleOf: 5 },
      uniqueItems: true,
    },
    when: { type: 'string', format: 'date' },
  },
  required: ['kind', 'numbers', 'when'],
  additionalProperties: false,
  anyOf: [
    { properties: { kind: { const: 'few' }, numbers: { minItems: 1, maxItems: 2 } } },
    { properties: { kind: { const: 'many' }, numbers: { minItems: 3, maxItems: 4 } } },
  ],
}
const isStrict = new Ajv2020({ strict: false, formats: { date: /^\d{4}-\d\d-\d\d$/ } }).compile(strict)
const jobbed = ['/v1/chat/completions', '/v1/completions']
const impossible = { type: 'object', properties: { b: { extends: {} } } }

it.each(Object.keys(WAYS))(
  '%s: an answer follows a schema, and a schema that cannot be followed is named',
  async (route) => {
    const { body, text, field } = WAYS[route] as (typeof WAYS)[string]
    const asked = (schema: object) => ({ model: CHAT, temperature: 0, ...body(schema) })
    const answer = await call(route, { token, body: asked(strict) })
    const value = JSON.parse(text((await answer.json()) as Answers) ?? '')
    expect(isStrict(value), JSON.stringify(value)).toBe(true)
    const refused = await refusal(await call(route, { token, body: asked(impossible) }))
    expect(refused).toMatchObject({ status: 400, param: `${field}.properties.b.extends` })
  },
)

it.each(jobbed)('a job for %s: each answer follows its schema', async (endpoint) => {
  const { body, text } = WAYS[endpoint] as (typeof WAYS)[string]
  const inputs = [strict, parameters, impossible].map((schema) => ({
    model: CHAT,
    temperature: 0,
    ...body(schema),
  }))
  const started = await call('/v1/jobs', { token, body: { endpoint, inputs } })
  const { id } = (await started.json()) as { id: string }
  await (await call(`/v1/jobs/${id}/events`, { token })).text()
  const { results } = (await (await call(`/v1/jobs/${id}`, { token })).json()) as {
    results: { status: number; body: Answers }[]
  }
  expect(results.map(({ status }) => status)).toEqual([200, 200, 400])
  const [first, second] = results.map(({ body: answers }) =>
    JSON.parse('error' in answers ? 'null' : (text(answers) ?? '')),
  )
  expect(isStrict(first), JSON.stringify(first)).toBe(true)
  expect(parameters.properties.topic.enum).toContain(second.topic)
})

it('several answers and log probabilities; all outputs are charged', async () => {
  const { data, response } = await client.chat.completions
    .create({
      model: CHAT,
      messages,
      n: 3,
      max_tokens: 6,
      temperature: 1,
      seed: 1,
      logprobs: true,
      top_logprobs: 2,
    })
    .withResponse()
  expect(data.choices.map(({ index }) => index)).toEqual([0, 1, 2])
  for (const { logprobs } of data.choices) expect(logprobs?.content?.[0]?.top_logprobs).toHaveLength(2)
  const [event] = await usageEvents(response.headers.get('x-request-id') ?? '')
  expect(event?.output_tokens).toBe(String(data.usage?.completion_tokens))
  expect(data.usage?.completion_tokens).toBeGreaterThan(6)
})

it('what is not supported is named, and costs nothing', async () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'string', contentEncoding: 'base64' }, b: { extends: {} } },
  }
  const refused = client.chat.completions.create({
    model: CHAT,
    messages,
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
  })
  const error = await refused.catch((thrown: unknown) => thrown as InstanceType<typeof OpenAI.APIError>)
  expect(error).toMatchObject({ status: 400, code: 'invalid_request' })
  expect((error as { param: string }).param).toMatch(
    /^response_format\.json_schema\.schema\.properties\.[ab]/,
  )
  const [event] = await usageEvents((error as { requestID: string }).requestID)
  expect(event).toMatchObject({ outcome: 'refused', units: '0' })
})
