import { AutoModelForCausalLM, AutoTokenizer, env, type Tensor } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChatCompletion, ChatCompletionChunk } from '../../shared/openai/chat.ts'
import type { Completion } from '../../shared/openai/completions.ts'
import { realModel } from '../fixtures/real-models.ts'
import { type Serving, serve } from './serving.ts'

const smol = realModel('SmolLM2-135M-Instruct')
const CHAT = 'POST /v1/chat/completions'
const COUNTED = { include_usage: true, continuous_usage_stats: true }
const CATS = [{ role: 'user', content: 'How many legs does a cat have?' }]

type Chunk = ChatCompletionChunk & { timing?: { queue_ms: number; compute_ms: number } }

describe.skipIf(!smol.there)(`generation with SmolLM2-135M-Instruct${smol.missing}`, () => {
  let serving: Serving

  beforeAll(async () => {
    serving = await serve([{ id: 'smol', source: smol.folder, task: 'text-generation', context: 512 }])
  })
  afterAll(() => serving?.stop())

  const ask = (changes: object = {}) => ({
    model: 'smol',
    messages: CATS,
    max_tokens: 24,
    stream: false,
    temperature: 0,
    stop: [],
    ...changes,
  })

  async function whole(changes: object = {}, claims = {}) {
    const response = await serving.send(CHAT, ask(changes), { claims })
    const body = (await response.json()) as ChatCompletion
    return { body, text: body.choices[0]?.message.content ?? '', finish: body.choices[0]?.finish_reason }
  }

  async function chunksOf(response: Response): Promise<Chunk[]> {
    const events = (await response.text()).trim().split('\n\n')
    expect(events.pop()).toBe('data: [DONE]')
    return events.map((event) => JSON.parse(event.replace('data: ', '')))
  }

  async function refusal(changes: object, claims: object = {}) {
    const response = await serving.send(CHAT, ask(changes), { claims })
    const { error } = (await response.json()) as { error: { code: string; param: string | null } }
    return { status: response.status, code: error.code, usage: response.headers.get('x-usage') }
  }

  /** What transformers.js itself generates, greedily, from the same prompt. */
  async function plain(prompt: (tokenizer: AutoTokenizer) => string, most: number) {
    env.allowRemoteModels = false
    const tokenizer = await AutoTokenizer.from_pretrained(smol.folder)
    const model = await AutoModelForCausalLM.from_pretrained(smol.folder, { dtype: 'q4', device: 'cpu' })
    const inputs = tokenizer(prompt(tokenizer), { add_special_tokens: false })
    const output = (await model.generate({
      ...inputs,
      max_new_tokens: most,
      do_sample: false,
    } as never)) as Tensor
    const promptTokens = inputs.input_ids.dims[1] ?? 0
    const ids = (output.tolist()[0] as bigint[]).map(Number).slice(promptTokens)
    await model.dispose()
    return {
      promptTokens,
      outputTokens: ids.length,
      text: tokenizer.decode(ids, { skip_special_tokens: true }),
    }
  }

  test('greedy chat gives what transformers.js gives, with the same counts, the stop token included', async () => {
    const expected = await plain(
      (tokenizer) =>
        (tokenizer as unknown as { apply_chat_template(m: object, o: object): string }).apply_chat_template(
          CATS,
          {
            tokenize: false,
            add_generation_prompt: true,
          },
        ),
      24,
    )
    const { body, text, finish } = await whole()
    expect(text).toBe(expected.text)
    expect(finish).toBe('stop')
    expect(body.usage).toEqual({
      prompt_tokens: expected.promptTokens,
      completion_tokens: expected.outputTokens,
      total_tokens: expected.promptTokens + expected.outputTokens,
    })
  })

  test('a stream gives the same text token by token, and its usage grows by one', async () => {
    const { body, text } = await whole()
    const response = await serving.send(CHAT, ask({ stream: true, stream_options: COUNTED }))
    const chunks = await chunksOf(response)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(text)
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant')
    const counts = chunks.map(({ usage }) => usage?.completion_tokens)
    const most = body.usage.completion_tokens
    expect(counts).toEqual([...Array.from({ length: most + 1 }, (_, i) => i), most, most])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: body.usage })
    expect(chunks.at(-1)?.timing?.compute_ms).toBeGreaterThan(0)
  })

  test('characters of several tokens come whole', async () => {
    const prompt = '日本語: こんにちは。中文: 你好。Emoji: 😀🎉👩‍👩‍👧 한국어:'
    const request = { model: 'smol', prompt, max_tokens: 24, temperature: 0, stop: [] }
    const response = await serving.send('POST /v1/completions', { ...request, stream: true })
    const pieces = (await chunksOf(response)).map(
      (chunk) => (chunk as unknown as Completion).choices[0]?.text ?? '',
    )
    const expected = await plain(() => prompt, 24)
    expect(pieces.join('')).toBe(expected.text.replace(/\uFFFD+$/, ''))
    expect(pieces.join('')).toMatch(/[^\u0020-\u007f]/)
    expect(pieces.every((piece) => piece.isWellFormed() && !piece.includes('\uFFFD'))).toBe(true)
  })

  test('a stop string ends the text before it, and what was computed is counted', async () => {
    const { text } = await whole()
    expect(text).toContain('question is')
    const cut = await whole({ stop: ['ion i'] })
    expect(cut.text).toBe(text.slice(0, text.indexOf('ion i')))
    expect(cut.finish).toBe('stop')
    expect(cut.body.usage.completion_tokens).toBeGreaterThan(4)
    expect(cut.body.usage.completion_tokens).toBeLessThan(12)
  })

  test('a seed makes sampling repeatable; another seed says something else', async () => {
    const sampled = (seed: number) => whole({ temperature: 1.5, top_p: 0.95, seed, max_tokens: 12 })
    const [first, again, other] = [await sampled(7), await sampled(7), await sampled(8)]
    expect(again.text).toBe(first.text)
    expect(other.text).not.toBe(first.text)
  })

  test('output ends at max_tokens, and at the end of the context', async () => {
    const short = await whole({ max_tokens: 3 })
    expect([short.finish, short.body.usage.completion_tokens]).toEqual(['length', 3])
    const prompt = 'word '.repeat(505)
    const request = { model: 'smol', prompt, max_tokens: 100, stream: false, temperature: 0, stop: [] }
    const response = await serving.send('POST /v1/completions', request)
    const { choices, usage } = (await response.json()) as Completion
    expect(choices[0]?.finish_reason).toBe('length')
    expect(usage?.total_tokens).toBe(512)
  })

  test('a prompt beyond the reservation, or the context, is refused before compute', async () => {
    const { body } = await whole({ max_tokens: 1 })
    const exactly = { prompt_tokens: body.usage.prompt_tokens, output_tokens: 24 }
    expect((await whole({ max_tokens: 1 }, { reserved: exactly })).body.usage).toEqual(body.usage)
    const unused = '{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}'
    const less = { ...exactly, prompt_tokens: exactly.prompt_tokens - 1 }
    expect(await refusal({}, { reserved: less })).toEqual({
      status: 400,
      code: 'prompt_exceeds_reservation',
      usage: unused,
    })
    const messages = [{ role: 'user', content: 'word '.repeat(600) }]
    expect(await refusal({ messages })).toEqual({
      status: 400,
      code: 'context_length_exceeded',
      usage: unused,
    })
  })

  test('a deadline that passes stops the compute: host_timeout, and what was computed', async () => {
    // Short answers to high limits happen, so that the host cannot know beforehand that this one comes too late.
    await whole({ max_tokens: 400, stop: ['ion i'] })
    const { status, code, usage } = await refusal({ max_tokens: 400, messages: [STORY] }, deadlineIn(700))
    expect({ status, code }).toEqual({ status: 504, code: 'host_timeout' })
    const { prompt_tokens, completion_tokens } = JSON.parse(usage ?? '{}')
    expect(prompt_tokens).toBeGreaterThan(0)
    expect(completion_tokens).toBeLessThan(400)
  })

  const STORY = { role: 'user', content: 'Tell me a very long story about a ship.' }
  const deadlineIn = (ms: number) => ({ deadline: Date.now() + ms })

  /** Starts a long stream and reads until `count` tokens were seen; the reader stays open. */
  async function longStream(id: string, count: number, signal?: AbortSignal) {
    const response = await serving.send(
      CHAT,
      ask({ messages: [STORY], max_tokens: 400, stream: true, stream_options: COUNTED }),
      { claims: { jti: id }, ...(signal && { signal }) },
    )
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
    const seen = { tokens: 0, text: '' }
    async function read(): Promise<boolean> {
      const { value, done } = await reader.read()
      seen.text += value ?? ''
      for (const [, tokens] of (value ?? '').matchAll(/"completion_tokens":(\d+)/g))
        seen.tokens = Number(tokens)
      return !done
    }
    while (seen.tokens < count && (await read()));
    return { seen, read }
  }

  const cancel = (id: string) =>
    serving.send(`DELETE /v1/requests/${id}`, undefined, { claims: { jti: `${id}.cancel` } })

  test('a cancelled stream ends within one step, and its answer says exactly what was produced', async () => {
    const { seen, read } = await longStream('cancel-1', 5)
    const before = seen.tokens
    const { usage, timing } = (await (await cancel('cancel-1')).json()) as {
      usage: { completion_tokens: number }
      timing: { compute_ms: number }
    }
    while (await read());
    expect(seen.text).not.toContain('[DONE]')
    expect(seen.text).toMatch(/"code":"host_failed"/)
    // What the stream showed last is what the cancel answered: nothing was computed after it.
    expect(usage.completion_tokens).toBe(seen.tokens)
    expect(usage.completion_tokens).toBeLessThan(400)
    expect(usage.completion_tokens).toBeGreaterThanOrEqual(before)
    expect(timing.compute_ms).toBeGreaterThan(0)
  })

  test('a caller that goes away stops the generation; its usage can be asked for afterwards', async () => {
    const caller = new AbortController()
    const { seen } = await longStream('gone-1', 3, caller.signal)
    caller.abort()
    const { usage } = (await (await cancel('gone-1')).json()) as { usage: { completion_tokens: number } }
    expect(usage.completion_tokens).toBeGreaterThanOrEqual(seen.tokens)
    expect(usage.completion_tokens).toBeLessThan(400)
    // The model is free again at once.
    expect((await whole({ max_tokens: 1 })).body.usage.completion_tokens).toBe(1)
  })

  test('the HTTP thread answers while a prompt is computed', async () => {
    const prompt = 'word '.repeat(480)
    const request = { model: 'smol', prompt, max_tokens: 1, stream: false, temperature: 0, stop: [] }
    let computing = true
    let answers = 0
    const answer = serving.send('POST /v1/completions', request).finally(() => {
      computing = false
    })
    while (computing) {
      expect((await fetch(`${serving.host.url}/livez`)).status).toBe(200)
      answers++
    }
    expect((await answer).status).toBe(200)
    expect(answers).toBeGreaterThan(10)
  })

  test('no line of the log holds a prompt or an answer', async () => {
    const { text } = await whole()
    const log = serving.lines.join('\n')
    expect(log).toContain('code=finished')
    expect(log).not.toContain(text)
    expect(log).not.toContain('How many legs')
  })
})
