import { describe, expect, it } from 'vitest'
import {
  type Answer,
  ask,
  CHAT,
  CLASSIFY,
  call,
  EMBED,
  newUser,
  refusal,
  stack,
  streamData,
  usageEvents,
} from '../fixtures/stack/client.ts'

const question = 'What is Twohop?'

describe('chat', () => {
  it('chooses tokens as the request says: a bias that nothing outweighs is the whole answer', async () => {
    const { token } = await newUser('pro')
    const body = ask(question, { max_tokens: 4, logit_bias: { 300: 100 } })
    const { choices, usage } = (await (await call('/v1/chat/completions', { token, body })).json()) as Answer
    const text = choices[0]?.message.content ?? ''
    expect(usage.completion_tokens).toBe(4)
    expect(text.length).toBeGreaterThanOrEqual(4)
    expect(text).toBe(text.slice(0, text.length / 4).repeat(4))
  })

  it('answers in the shape that OpenAI documents, usage included', async () => {
    const { token } = await newUser('pro')
    const answer = await call('/v1/chat/completions', { token, body: ask(question) })
    expect(answer.status).toBe(200)
    const body = (await answer.json()) as Answer
    expect(body).toEqual({
      id: `chatcmpl-${answer.headers.get('x-request-id')}`,
      object: 'chat.completion',
      created: expect.any(Number),
      model: CHAT,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: expect.stringMatching(/\w{3}/), refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: expect.any(Number),
        completion_tokens: expect.any(Number),
        total_tokens: expect.any(Number),
      },
    })
    const { prompt_tokens, completion_tokens, total_tokens } = body.usage
    expect(total_tokens).toBe(prompt_tokens + completion_tokens)
    expect(answer.headers.get('server-timing')).toMatch(/auth;dur=.*reserve;dur=.*host;dur=/)
    expect(answer.headers.get('ratelimit-policy')).toMatch(/^"requests";q=600;w=60, /)
  })

  it('is on topic: the first answer that a user sees speaks of Twohop', async () => {
    const { token } = await newUser('pro')
    const body = (await (await call('/v1/chat/completions', { token, body: ask(question) })).json()) as Answer
    expect(body.choices[0]?.message.content).toMatch(/edge|host|hop|budget/i)
  })

  it('streams the very same answer, and counts it in the last chunk only when asked', async () => {
    const { token } = await newUser('pro')
    const whole = (await (
      await call('/v1/chat/completions', { token, body: ask(question) })
    ).json()) as Answer
    for (const include_usage of [true, false]) {
      const body = ask(question, { stream: true, stream_options: { include_usage } })
      const answer = await call('/v1/chat/completions', { token, body })
      expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
      const data = await streamData(answer)
      expect(data.at(-1)).toBe('[DONE]')
      const chunks = data.slice(0, -1).map((text) => JSON.parse(text))
      const last = chunks.at(-1)
      expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
        whole.choices[0]?.message.content,
      )
      expect(chunks[0].choices[0].delta.role).toBe('assistant')
      if (include_usage) expect(last).toMatchObject({ choices: [], usage: whole.usage })
      else expect(last.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' })
      for (const chunk of chunks.slice(0, -1)) expect(chunk.usage ?? null).toBeNull()
      expect(chunks.some((chunk) => 'timing' in chunk)).toBe(false)
    }
  })

  it('writes one usage event a request: what was reported, in units', async () => {
    const { token, account } = await newUser('pro')
    const answer = await call('/v1/chat/completions', { token, body: ask(question, { max_tokens: 9 }) })
    const { usage } = (await answer.json()) as Answer
    const [event, ...more] = await usageEvents(answer.headers.get('x-request-id') ?? '')
    expect(more).toEqual([])
    expect(event).toMatchObject({
      account,
      model: CHAT,
      task: 'chat',
      plan: 'pro',
      outcome: 'ok',
      prompt_tokens: String(usage.prompt_tokens),
      output_tokens: String(usage.completion_tokens),
      units: String(usage.prompt_tokens + 4 * usage.completion_tokens),
    })
  })

  it('Supabase users are served like Firebase ones', async () => {
    const answer = await call('/v1/chat/completions', {
      token: stack.tokens.supabase.pro,
      body: ask('Hi', { max_tokens: 2 }),
    })
    expect(answer.status).toBe(200)
  })
})

describe('models', () => {
  it('are those of the plan', async () => {
    const names = async (plan: string) => {
      const answer = await call('/v1/models', { token: (await newUser(plan)).token })
      return ((await answer.json()) as { data: { id: string }[] }).data.map(({ id }) => id)
    }
    expect(await names('pro')).toEqual([CHAT, EMBED, CLASSIFY])
    expect(await names('free')).toEqual([CHAT, EMBED])
  })

  it('are asked for one by one, by any spelling of the id', async () => {
    const { token } = await newUser('free')
    const encoded = await call(`/v1/models/${CHAT.replaceAll('-', '%2D')}`, { token })
    expect(await encoded.json()).toMatchObject({ id: CHAT, object: 'model' })
    for (const none of [CLASSIFY, 'org/none', 'org%2Fnone', 'org/none:tag', `${CHAT}%2F`])
      expect(await refusal(await call(`/v1/models/${none}`, { token }))).toMatchObject({
        status: 404,
        code: 'model_not_found',
        param: 'model',
      })
    expect((await call(`/v1/models/${CHAT}`, {})).status).toBe(401)
  })
})

describe('tasks as the hub sends them', () => {
  it('text-generation answers the whole text unless told otherwise', async () => {
    const { token } = await newUser('pro')
    const body = { inputs: 'Twohop is', parameters: { max_new_tokens: 5, do_sample: false } }
    const whole = (await (await call('/v1/tasks/text-generation', { token, body })).json()) as {
      generated_text: string
    }[]
    expect(whole[0]?.generated_text.startsWith('Twohop is')).toBe(true)
    const parameters = { ...body.parameters, return_full_text: false }
    const rest = (await (
      await call('/v1/tasks/text-generation', { token, body: { ...body, parameters } })
    ).json()) as {
      generated_text: string
    }[]
    expect(`Twohop is${rest[0]?.generated_text}`).toBe(whole[0]?.generated_text)
  })

  it('charges encoders by the tokens that the host counted', async () => {
    const { token } = await newUser('pro')
    const answer = await call('/v1/tasks/text-classification', {
      token,
      body: { inputs: ['one', 'two words'] },
    })
    expect(answer.headers.get('x-usage')).toBeNull()
    const [event] = await usageEvents(answer.headers.get('x-request-id') ?? '')
    expect(Number(event?.prompt_tokens)).toBeGreaterThan(4)
    expect(event?.units).toBe(event?.prompt_tokens)
  })
})
