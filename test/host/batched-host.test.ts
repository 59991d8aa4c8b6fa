import { afterAll, beforeAll, expect, test } from 'vitest'
import { spellOutAttention } from '../fixtures/graphs/spelled-out.ts'
import { type Serving, serve } from '../fixtures/host/serving.ts'
import { describeEachModel, embeddedModel, realModel, threadsFor } from '../fixtures/models.ts'
import { copyOf } from './serving-form/folder.ts'

const { folder } = embeddedModel('twohop-chat')
/** Models of which several rows are rounded otherwise than one where this CPU does so. */
const ROUNDED = [
  { ...embeddedModel('twohop-chat'), change: spellOutAttention },
  { ...realModel('SmolLM2-135M-Instruct'), change: undefined },
]
let batched: Serving
let alone: Serving
beforeAll(async () => {
  const models = [{ id: 'chat', source: folder, task: 'text-generation' }]
  batched = await serve(models)
  alone = await serve(models, { HOST_SLOTS: '1' })
})
afterAll(async () => {
  await batched.stop()
  await alone.stop()
})

const QUESTIONS = [
  'What is Twohop?',
  'What is a reservation?',
  'How do I start it?',
  'Who are you?',
  'What is the edge?',
  'What does the host do?',
  'How do I use my own model?',
  'What is a unit?',
]

type Answer = { choices: { message: { content: string } }[]; usage: { completion_tokens: number } }

async function ask(serving: Serving, content: string, sub = 'account-1', more: object = {}) {
  const body = {
    model: 'chat',
    messages: [{ role: 'user', content }],
    max_tokens: 60,
    stream: false,
    temperature: 0,
    stop: [],
  }
  const response = await serving.send('POST /v1/chat/completions', { ...body, ...more }, { claims: { sub } })
  const answer = (await response.json()) as Answer
  const timing = JSON.parse(response.headers.get('x-timing') ?? '{}') as { cached_prompt_tokens?: number }
  return { text: answer.choices[0]?.message.content, tokens: answer.usage.completion_tokens, timing }
}

test('requests that are batched get the answers that each gets alone, greedy and sampled', async () => {
  for (const settings of [
    { temperature: 0 },
    { temperature: 1.2, top_p: 0.9, seed: 5, frequency_penalty: 0.3 },
  ]) {
    const one = await Promise.all(QUESTIONS.map((question) => ask(alone, question, 'a', settings)))
    const many = await Promise.all(
      QUESTIONS.map((question, i) => ask(batched, question, `account-${i}`, settings)),
    )
    expect(many.map(({ text }) => text)).toEqual(one.map(({ text }) => text))
    expect(many.map(({ tokens }) => tokens)).toEqual(one.map(({ tokens }) => tokens))
  }
})

test("a prompt that begins like an earlier one of the same account is not computed again, another account's is", async () => {
  const prompt = 'Please tell me everything that there is to know about this, as slowly as you can. '.repeat(
    3,
  )
  // Accounts that have asked nothing yet, however often this is tried.
  const [first, second] = [crypto.randomUUID(), crypto.randomUUID()]
  expect((await ask(batched, prompt, first)).timing.cached_prompt_tokens).toBe(0)
  expect((await ask(batched, `${prompt} Now.`, first)).timing.cached_prompt_tokens).toBeGreaterThanOrEqual(32)
  expect((await ask(batched, `${prompt} Now.`, second)).timing.cached_prompt_tokens).toBe(0)
})

test('what the operator declared public is shared between accounts, and changes no answer', async () => {
  const system = 'You answer questions about gardens in one short and friendly sentence. '.repeat(3)
  const model = { id: 'chat', source: folder, task: 'text-generation', public_prefixes: [system] }
  const shared = await serve([model])
  try {
    const asked = (content: string) => ({
      messages: [
        { role: 'system', content: system },
        { role: 'user', content },
      ],
    })
    const first = await ask(shared, '', 'first', asked('What is a rose?'))
    const second = await ask(shared, '', 'second', asked('What is a tree?'))
    expect(first.timing.cached_prompt_tokens).toBe(0)
    expect(second.timing.cached_prompt_tokens).toBeGreaterThanOrEqual(32)
    expect(second.text).toBe((await ask(alone, '', 'second', asked('What is a tree?'))).text)
  } finally {
    await shared.stop()
  }
})

test('the metrics count what was done', async () => {
  const counted = async () => {
    const response = await batched.send('GET /metrics', undefined, { claims: { scope: 'metrics' } })
    expect(response.status).toBe(200)
    const text = await response.text()
    return (name: string) =>
      Number(new RegExp(`^twohop_${name}\\{model="chat"\\} (\\S+)$`, 'm').exec(text)?.[1])
  }
  const before = await counted()
  const prompt =
    'Please tell me everything that there is to know about that, and then tell it again. '.repeat(3)
  const sub = crypto.randomUUID()
  const answers = [await ask(batched, prompt, sub), await ask(batched, `${prompt} Now.`, sub)]
  const after = await counted()
  const rise = (name: string) => after(name) - before(name)
  expect(rise('request_success_total')).toBe(2)
  expect(rise('generation_tokens_total')).toBe(answers.reduce((sum, { tokens }) => sum + tokens, 0))
  expect(rise('prefix_cache_hits_total')).toBe(answers[1]?.timing.cached_prompt_tokens)
  expect(answers[1]?.timing.cached_prompt_tokens).toBeGreaterThanOrEqual(32)
  expect(after('num_requests_running')).toBe(0)
})

test.each([
  ['batched', () => batched],
  ['alone', () => alone],
])(
  'drawn answers differ, the same seed gives the same, and who says nothing gets what the model says: %s',
  async (_, serving) => {
    const several = async (more: object) => {
      const body = {
        model: 'chat',
        prompt: 'The moon',
        max_tokens: 24,
        stream: false,
        stop: [],
        n: 2,
        ...more,
      }
      const response = await serving().send('POST /v1/completions', body)
      const { choices } = (await response.json()) as { choices: { text: string }[] }
      return choices.map(({ text }) => text)
    }
    const drawn = { seed: 1, temperature: 1 }
    const [first, second] = await several(drawn)
    expect(first).not.toBe(second)
    expect(await several(drawn)).toEqual([first, second])
    expect(await several({ ...drawn, top_p: 1 })).toEqual([first, second])
    const greedy = await several({ temperature: 0 })
    expect(new Set(greedy).size).toBe(1)
    // `do_sample: false` of its generation_config.json.
    expect(await several({})).toEqual(greedy)
  },
)

describeEachModel('a host with %s', ROUNDED, ({ folder: original, change }) => {
  test('where this CPU rounds several rows otherwise than one, HOST_EXACT gives the answers of each alone', async () => {
    const { folder: copy } = await copyOf(original, change)
    const models = [{ id: 'chat', source: copy, task: 'text-generation', context: 512 }]
    const plain = await serve(models, { ...threadsFor([original]), HOST_SLOTS: '1' })
    const settings = { temperature: 0, max_tokens: 12 }
    const one = []
    for (const question of QUESTIONS) one.push((await ask(plain, question, 'a', settings)).text)
    await plain.stop()
    const exact = await serve(models, { ...threadsFor([original]), HOST_EXACT: 'true' })
    try {
      const many = await Promise.all(QUESTIONS.map((question, i) => ask(exact, question, `a${i}`, settings)))
      expect(many.map(({ text }) => text)).toEqual(one)
      // Spelled-out attention cannot be exact in a batch, so it is not batched then.
      const line = change ? /^one_at_a_time .*HOST_EXACT is set, and/m : /^batching .*batch_difference=/m
      expect(exact.lines.join('\n')).toMatch(line)
    } finally {
      await exact.stop()
    }
  })
})
