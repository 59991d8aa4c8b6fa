import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { freePort } from '../../../bench/kit.ts'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'
import { type Asked, type Script, startScripted } from '../../fixtures/vendors/scripted.ts'

// Vendors that say what they were told, piece by piece, behind a plan that masks. The client is OpenAI's own package.

const ADDRESS = 'ann@example.com'
const CARD = '4111 1111 1111 1111'
const SAID = `I am ${ADDRESS}, my card is ${CARD}.`
const SENT = 'I am [EMAIL_1], my card is [CARD_1].'
const TO_BE_HIDDEN = /ann|example\.com|4111/
/** The same where times and names made at random stand, which hold any four digits now and then. */
const TO_BE_NOWHERE = /ann@|example\.com|4111[ -]?1111/

const USAGE = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }
const HEAD = { id: 'c1', created: 1, model: 'gpt' }
const choice = (more: object, finish: string | null = null) => ({
  index: 0,
  ...more,
  logprobs: null,
  finish_reason: finish,
})

/** What was told last. */
const heard = ({ body }: Asked): string =>
  typeof body.prompt === 'string'
    ? body.prompt
    : String((body.messages as { content: unknown }[]).at(-1)?.content)

/** Says what it was told; with tools, as the arguments of a call. */
function openai(asked: Asked): Script {
  if (asked.path.endsWith('/embeddings'))
    return {
      json: {
        ...HEAD,
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: [1] }],
        usage: { prompt_tokens: 5, total_tokens: 5 },
      },
    }
  const text = heard(asked)
  if (asked.path.endsWith('/v1/completions'))
    return { json: { ...HEAD, object: 'text_completion', choices: [choice({ text }, 'stop')], usage: USAGE } }
  const call = {
    index: 0,
    id: 'call_1',
    type: 'function',
    function: { name: 'send', arguments: JSON.stringify({ to: text }) },
  }
  const has = 'tools' in asked.body
  const message = has
    ? { role: 'assistant', content: null, tool_calls: [call] }
    : { role: 'assistant', content: text }
  const finish = has ? 'tool_calls' : 'stop'
  if (asked.body.stream !== true)
    return {
      json: { ...HEAD, object: 'chat.completion', choices: [choice({ message }, finish)], usage: USAGE },
    }
  const chunk = (delta: object, end: string | null = null) => ({
    data: { ...HEAD, object: 'chat.completion.chunk', choices: [choice({ delta }, end)] },
  })
  const pieces = has
    ? [
        chunk({ tool_calls: [{ ...call, function: { name: 'send', arguments: '' } }] }),
        ...[...call.function.arguments].map((one) =>
          chunk({ tool_calls: [{ index: 0, function: { arguments: one } }] }),
        ),
      ]
    : [...text].map((content) => chunk({ content }))
  return {
    events: [
      ...pieces,
      chunk({}, finish),
      { data: { ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE } },
      { data: '[DONE]' },
    ],
  }
}

function anthropic({ path, body }: Asked): Script {
  if (path.endsWith('count_tokens')) return { json: { input_tokens: 17 } }
  const [{ text } = { text: '' }] = (body.messages as { content: { text: string }[] }[]).at(-1)?.content ?? []
  return {
    json: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 20, output_tokens: 10 },
    },
  }
}

let vendors: Awaited<ReturnType<typeof startScripted>>[]
let edge: Awaited<ReturnType<typeof startUpstreamEdge>>
let client: OpenAI

beforeAll(async () => {
  vendors = [await startScripted(openai), await startScripted(anthropic)]
  const [one, other] = vendors.map(({ url }) => url)
  edge = await startUpstreamEdge({
    upstreams: [
      { id: 'openai', kind: 'openai', url: `${one}/v1` },
      { id: 'anthropic', kind: 'anthropic', url: other },
      // Nobody listens there: it is a port that no system gives out by itself.
      { id: 'own', kind: 'own', url: `http://127.0.0.1:${await freePort()}` },
    ],
    models: [
      upstreamModel('chat', { upstreams: [{ id: 'own' }], fallback: [{ id: 'openai', model: 'gpt' }] }),
      upstreamModel('kept', { upstreams: [{ id: 'openai' }], cache: { seconds: 60, share: 50 } }),
      upstreamModel('claude', { tasks: ['chat'], upstreams: [{ id: 'anthropic' }] }),
      upstreamModel('embed', { tasks: ['embedding'], upstreams: [{ id: 'openai' }] }),
    ],
    more: { guards: { pii: { in: 'mask', out: 'block' } } },
  })
  client = new OpenAI({
    baseURL: 'http://edge.example/v1',
    apiKey: edge.token,
    fetch: edge.fetch,
    maxRetries: 0,
  })
})
afterAll(async () => {
  for (const vendor of vendors) await vendor.stop()
  await edge.stop()
})
beforeEach(async () => {
  for (const vendor of vendors) vendor.asked.length = 0
  // Answers that are kept, a test's own first try among them.
  await edge.stored('FLUSHALL')
})
/** What all vendors were asked, as text. */
const told = () => JSON.stringify(vendors.flatMap((vendor) => vendor.asked.map(({ body }) => body)))

const messages = (path: string, body: object) =>
  edge.fetch(`http://edge.example/v1/messages${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${edge.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const MESSAGES = [
  { role: 'system' as const, content: `Only ${ADDRESS} asks.` },
  { role: 'user' as const, content: SAID },
]
const TOOLS = [
  {
    type: 'function' as const,
    function: {
      name: 'send',
      description: `like ${ADDRESS}`,
      parameters: { type: 'object', properties: {} },
    },
  },
]

it('a chat, whole and streamed: the vendor gets placeholders, the client its own words', async () => {
  const request = { model: 'chat', messages: MESSAGES, max_tokens: 50 }
  const whole = await client.chat.completions.create(request)
  expect(whole.choices[0]?.message.content).toBe(SAID)
  const streamed = await client.chat.completions.stream(request).finalChatCompletion()
  expect(streamed.choices[0]?.message.content).toBe(SAID)
  expect(vendors[0]?.asked.map(({ body }) => body.messages)).toEqual(
    Array(2).fill([
      { role: 'system', content: 'Only [EMAIL_1] asks.' },
      { role: 'user', content: SENT },
    ]),
  )
})

it('arguments of a call, whole and streamed', async () => {
  const request = { model: 'chat', messages: MESSAGES, max_tokens: 50, tools: TOOLS }
  const answers = [
    await client.chat.completions.create(request),
    await client.chat.completions.stream(request).finalChatCompletion(),
  ]
  for (const { choices } of answers) {
    const [call] = choices[0]?.message.tool_calls ?? []
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({ to: SAID })
  }
  expect(told()).not.toMatch(TO_BE_HIDDEN)
})

it('responses, messages, completions and embeddings', async () => {
  const responses = { model: 'chat', store: false, input: SAID, max_output_tokens: 50 }
  expect((await client.responses.create(responses)).output_text).toBe(SAID)
  expect((await client.responses.stream(responses).finalResponse()).output_text).toBe(SAID)
  const message = { model: 'chat', max_tokens: 50, messages: [{ role: 'user', content: SAID }] }
  for (const model of ['chat', 'claude']) {
    const { content } = (await (await messages('', { ...message, model })).json()) as { content: unknown }
    expect(content).toMatchObject([{ type: 'text', text: SAID }])
  }
  const streamed = await (await messages('', { ...message, stream: true })).text()
  expect([...streamed.matchAll(/"text_delta","text":"([^"]*)"/g)].map(([, text]) => text).join('')).toBe(SAID)
  const completion = await client.completions.create({ model: 'chat', prompt: SAID, max_tokens: 50 })
  expect(completion.choices[0]?.text).toBe(SAID)
  await client.embeddings.create({ model: 'embed', input: [SAID], encoding_format: 'float' })
  expect(vendors.flatMap((vendor) => vendor.asked)).toHaveLength(7)
  expect(told()).not.toMatch(TO_BE_HIDDEN)
})

it('a prompt whose tokens are counted', async () => {
  const asking = { model: 'claude', messages: [{ role: 'user', content: SAID }] }
  expect(await (await messages('/count_tokens', asking)).json()).toEqual({ input_tokens: 17 })
  expect(told()).toContain('[EMAIL_1]')
  expect(told()).not.toMatch(TO_BE_HIDDEN)
})

it('an answer that is given again is that of the same words alone', async () => {
  const ask = async (content: string) => {
    const request = {
      model: 'kept',
      messages: [{ role: 'user' as const, content }],
      max_tokens: 50,
      temperature: 0,
    }
    const answer = await client.chat.completions.create(request).withResponse()
    await edge.charged()
    return [answer.data.choices[0]?.message.content, answer.response.headers.get('x-cache')]
  }
  expect(await ask(ADDRESS)).toEqual([ADDRESS, 'miss'])
  expect(await ask('eve@example.com')).toEqual(['eve@example.com', 'miss'])
  expect(await ask(ADDRESS)).toEqual([ADDRESS, 'hit'])
})

it('is charged within what was held, though placeholders are longer', async () => {
  const content = 'a@b.co '.repeat(20)
  await client.chat.completions.create({
    model: 'chat',
    messages: [{ role: 'user', content }],
    max_tokens: 5,
  })
  const before = (await edge.charged()).at(-1)
  await client.chat.completions.create({
    model: 'chat',
    messages: [{ role: 'user', content: 'x'.repeat(content.length) }],
    max_tokens: 5,
  })
  const after = (await edge.charged()).at(-1)
  // `[EMAIL_1]` has three characters more than each of the twenty.
  expect(Number(before?.reserved) - Number(after?.reserved)).toBe(60)
})

it('log probabilities and names with what would be masked are refused, and nothing is sent or charged', async () => {
  const before = (await edge.charged()).length
  const request = { model: 'chat', messages: MESSAGES, max_tokens: 50 }
  await expect(client.chat.completions.create({ ...request, logprobs: true })).rejects.toMatchObject({
    code: 'invalid_request',
    param: 'logprobs',
  })
  const named = [
    { type: 'function' as const, function: { name: 'sk-a1B2c3D4e5F6g7H8i9J0k1', parameters: {} } },
  ]
  await expect(client.chat.completions.create({ ...request, tools: named })).rejects.toMatchObject({
    code: 'content_blocked',
    param: 'tools[0].function.name',
  })
  expect([vendors.flatMap((vendor) => vendor.asked).length, (await edge.charged()).length]).toEqual([
    0,
    before,
  ])
})

it('what was taken out is in no line of the log and nowhere in Redis', async () => {
  await client.chat.completions.create({ model: 'chat', messages: MESSAGES, max_tokens: 50 })
  await edge.charged()
  expect(edge.lines.some((line) => line.includes('"guard_masked"') && line.includes('pii.email'))).toBe(true)
  expect(edge.lines.join('\n')).not.toMatch(TO_BE_NOWHERE)
  for (const key of (await edge.stored('KEYS', '*')) as string[]) {
    expect(key).not.toMatch(TO_BE_NOWHERE)
    const dump = await edge.stored('DUMP', key)
    expect(String(dump)).not.toMatch(TO_BE_NOWHERE)
  }
})
